"""SigV4A, which every call through a global endpoint needs, needs AWS's Common Runtime in the archive."""


def require_crt() -> None:
    """Fail the start, not the first publish, where SigV4A cannot be signed.

    Source: EventBridge User Guide, "Making applications Regional-fault tolerant".
    """
    try:
        import awscrt.auth  # noqa: F401 - whether it loads is the question
        from botocore.compat import HAS_CRT
    except ImportError as error:
        raise RuntimeError(
            f"awscrt does not load here ({error}): a global endpoint takes only SigV4A, which needs it. "
            "Build the archive with the awscrt wheel of this function's own Python and CPU"
        ) from error
    if not HAS_CRT:
        raise RuntimeError("BOTO_DISABLE_CRT switches awscrt off, which SigV4A needs: remove it from the environment")
