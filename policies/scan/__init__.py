"""Third-party scanners over the generated Terraform and the IAM documents: checkov, tf-nag and parliament."""
