"""A recorded stack as rules see it."""

from policies.view import ResourceView, StackView
from signals.recording.resources import Recording
from signals.recording.values import plain


def stack_of(recording: Recording) -> StackView:
    """The AWS resources of a recording."""
    return StackView(
        ResourceView(r.type, r.name, r.urn, r.region, r.account, plain(r.inputs))
        for r in recording.all
        if not r.is_provider and r.region
    )
