"""Outside judges over the generated Terraform and the IAM documents: checkov, tf-nag and parliament."""
