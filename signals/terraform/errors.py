"""What can go wrong on the way to Terraform, and with it."""


class TerraformError(Exception):
    """The configuration cannot be written, or terraform refused; the message says what to do."""


class EngineMissing(TerraformError):  # noqa: N818 - it is a state of this machine, not a fault
    """There is no terraform here."""
