"""A drill's report, made by hand."""

from datetime import UTC, datetime

from signals.model.report import DrillReport, DrillVerdict, Lane, Moment, Part

REPORT = DrillReport(
    stack="local",
    scenario="primary-<down> & out",
    about="EventBridge takes nothing & says <so>.",
    began=datetime(2026, 3, 1, 12, tzinfo=UTC),
    duration_s=10,
    moments=(
        Moment(0, "traffic"),
        Moment(3, "fault", "fault"),
        Moment(3.1, "noticed", "detected"),
        Moment(3.2, "routed", "routed"),
        Moment(9.9, "healed <&>", "healed"),
        Moment(10, "end", "end"),
    ),
    lanes=(
        Lane("told", (Part("accepted", "primary", (4, 2, 0)), Part("again", "bad", (0, 2, 8)))),
        Lane("lake", (Part("first", "good", (1, 1, 1)),)),
    ),
    verdict=DrillVerdict(sent=12, acknowledged=10, delivered=10, duplicates=3, seconds_to_detect=1.5),
    outage=(3, 9.9),
)
