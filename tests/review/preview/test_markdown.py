"""The preview as Markdown: nothing in it can write a mention, a link or a picture into the comment."""

import re

from signals.review.preview import access, changes
from signals.review.preview.markdown import MAX_CHARACTERS, render
from signals.review.preview.preview import Preview
from tests.review.preview.programs import Program, bus, queue, snapshot


def previewed(before: Program, after: Program, notes: tuple[str, ...] = ()) -> Preview:
    base, head = snapshot(before), snapshot(after)
    found = tuple(changes.compare(base, head))
    return Preview("test", "main", "the work tree", notes, found, tuple(access.compare(base, head)), (), ())


def test_nothing_changed_is_said_in_one_line() -> None:
    assert "**Nothing changes.**" in render(previewed(bus, bus))


def test_lost_data_stands_first() -> None:
    text = render(previewed(bus, lambda: bus("bills")))
    assert text.index("Data would be lost") < text.index("### Replaced") < text.index("<details>")
    assert "`EventBus` `bus`: events in flight" in text
    assert "- name: orders\n" in text
    assert "+ name: bills\n" in text


def test_a_protected_resource_says_that_the_engine_refuses() -> None:
    assert "the engine will refuse" in render(previewed(lambda: bus(protect=True), lambda: None))


def test_values_cannot_leave_their_fence() -> None:
    evil = "x\n```\n@team ![x](https://example.com/x.png) <img src=x>\n````"
    text = render(previewed(queue, lambda: queue(tags={"why": evil}), notes=("@team [x](y) <b>",)))
    # As CommonMark ends a block: at the first line of at least as many backticks.
    outside = re.sub(r"(?ms)^ *```diff\n.*?^ *`{3,}$", "", text)
    outside = re.sub(r"`[^`]*`", "", outside)
    assert "team" in text
    assert not re.search(r"@team|!\[|\[x\]|<img|<b>", outside)


def test_a_long_preview_is_cut_where_it_still_reads_as_markdown() -> None:
    def many(tag: str) -> None:
        for number in range(200):
            queue(f"queue-{number}", name=f"queue-{number}", tags={"why": tag * 200})

    text = render(previewed(lambda: many("x"), lambda: many("y")))
    assert len(text) < 65_536
    assert len(text) > MAX_CHARACTERS - 1_000
    assert text.count("<details>") == text.count("</details>")
    assert text.count("\n  ```") % 2 == 0
    assert "The rest is cut off" in text
