"""A small project with one function, and wheels made by hand, so that no registry is asked."""

import base64
import hashlib
import io
import struct
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from components.packaging.archive import FunctionArchive

SOURCES = {
    "__init__.py": "",
    "hello/__init__.py": "",
    "hello/handler.py": "from handlers.shared import words\nfrom . import greeting\nfrom .greeting import greet\n",
    "hello/greeting.py": "import json\nimport handlers.shared.deep.inner\ndef greet(): ...\n",
    "hello/words.json": '{"hello": "world"}',
    "hello/unused.py": "",
    "hello/README.md": "",
    "hello/.handler.py.swp": "",
    "hello/handler.py~": "",
    "hello/tests/test_handler.py": "",
    "hello/requirements.in": "",
    "hello/requirements.txt": "",
    "shared/__init__.py": "",
    "shared/words.py": "def speak():\n    from handlers.shared.late import late\n",
    "shared/late.py": "late = 1\n",
    "shared/unused.py": "import nothing_of_this_name\n",
    "shared/deep/__init__.py": "",
    "shared/deep/inner.py": "",
    "other/__init__.py": "",
    "other/handler.py": "",
}

Build = Callable[..., FunctionArchive]


def write_project(root: Path, changes: Mapping[str, str] | None = None) -> Path:
    """Lay out handlers/ below root and return it."""
    for name, text in {**SOURCES, **(changes or {})}.items():
        path = root / "handlers" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root / "handlers"


def names(archive: FunctionArchive) -> set[str]:
    with zipfile.ZipFile(archive.path) as opened:
        return set(opened.namelist())


def elf(machine: int) -> bytes:
    """The head of a little-endian, 64-bit shared object for an e_machine."""
    return b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack("<HH", 3, machine)


class Wheels:
    """A folder of wheels that stands in for the registry."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir()

    def add(self, name: str, tag: str, files: Mapping[str, bytes]) -> str:
        """Make version 1.0 of a package and return the line that locks it."""
        info = f"{name}-1.0.dist-info"
        content = {
            **files,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
            f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n".encode(),
        }
        record = [f"{path},sha256={_record_hash(body)},{len(body)}" for path, body in content.items()]
        content[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
        path = self.folder / f"{name}-1.0-{tag}.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            for member, body in content.items():
                wheel.writestr(member, body)
        return f"{name}==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"

    def add_source(self, name: str) -> str:
        """Make a source archive of version 1.0, which pip would build on this machine; return its lock line."""
        path = self.folder / f"{name}-1.0.tar.gz"
        files = {"PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", "pyproject.toml": ""}
        with tarfile.open(path, "w:gz") as archive:
            for member, text in files.items():
                entry = tarfile.TarInfo(f"{name}-1.0/{member}")
                entry.size = len(text)
                archive.addfile(entry, io.BytesIO(text.encode()))
        return f"{name}==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def _record_hash(body: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(body).digest()).decode().rstrip("=")
