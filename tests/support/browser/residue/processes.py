"""Searches the memory of processes (Linux only): reads /proc/PID/mem in the regions that /proc/PID/maps names."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.browser.residue.finder import Finder
from tests.support.browser.residue.markers import Needle

_CHUNK_BYTES: Final = 16_000_000
# The parts of an RSA key in DER have up to four bytes between them.
_GAP_BYTES: Final = 32
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
_PAGEMAP_ENTRY_BYTES: Final = 8
# Bits 63 (present) and 62 (swapped) of a pagemap entry, as bits of the highest of its eight bytes.
_THERE: Final = 0xC0
_LINE: Final = re.compile(r"(\w+)-(\w+) (....) \w+ \S+ (\d++) *+(.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A needle that was found. `place`: the rights and the name of the region in /proc/PID/maps."""

    needle: Needle
    process: str
    place: str
    address: int
    around: bytes


def process_tree(root: int) -> list[int]:
    """The ids of a process and all its descendants, the process first."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (parent := _parent(entry)) is not None:
            children.setdefault(parent, []).append(int(entry.name))
    tree: list[int] = []
    waiting = [root]
    while waiting:
        tree.append(waiting.pop())
        waiting += children.get(tree[-1], [])
    return tree


def processes_of_kind(processes: Iterable[int], kind: str) -> list[int]:
    """The processes that a browser calls by this name: "renderer" in Chromium, "tab" in Firefox."""
    return [process for process in processes if _describe(Path(f"/proc/{process}")) == kind]


def resident_pages(process: int) -> int:
    """The number of a process's memory pages in RAM; 0 for a process that has ended."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except OSError:
        return 0


def proportional_bytes(processes: Iterable[int]) -> int:
    """The memory of all these processes. Memory that several share counts once. A process that has ended counts 0."""
    kilobytes = 0
    for process in processes:
        with suppress(OSError):
            rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
            kilobytes += sum(map(int, re.findall(r"^Pss:\s*(\d+) kB", rollup, re.M)))
    return kilobytes * 1024


def scan_processes(processes: Iterable[int], needles: Iterable[Needle]) -> Iterator[Finding]:
    """All places of the needles in the memory of processes. Processes that have ended are left out."""
    finder = Finder(needles)
    for process in processes:
        yield from _scan_process(process, finder)


def count_by_secret(findings: Iterable[Finding]) -> Counter[str]:
    """The number of copies of each secret. Pieces of a secret that are found close together are one copy."""
    return Counter(copy[0].needle.secret for copy in copies_of(findings))


def copies_of(findings: Iterable[Finding]) -> list[list[Finding]]:
    """The findings of each copy of a secret, by their addresses: those with a short gap between them."""
    copies: list[list[Finding]] = []
    for finding in sorted(findings, key=lambda it: (it.process, it.needle.secret, it.address)):
        if copies and _is_near(copies[-1][-1], finding):
            copies[-1].append(finding)
        else:
            copies.append([finding])
    return copies


def _is_near(earlier: Finding, later: Finding) -> bool:
    of_one = (earlier.process, earlier.needle.secret) == (later.process, later.needle.secret)
    return of_one and later.address <= _end_of(earlier) + _GAP_BYTES


def describe(findings: Iterable[Finding]) -> str:
    """A line for each copy: the secret, its parts and forms, the number of bytes, and the place."""
    lines = []
    for copy in copies_of(findings):
        first = copy[0]
        parts = sorted({it.needle.part for it in copy} - {""})
        forms = sorted({it.needle.form for it in copy})
        length = max(map(_end_of, copy)) - first.address
        what = f"{first.needle.secret} {', '.join(parts)} ({', '.join(forms)}), {length} bytes"
        lines.append(f"{what} at {first.address:x} in {first.process} {first.place}")
    return "\n".join(lines)


def _end_of(finding: Finding) -> int:
    return finding.address + len(finding.needle.octets)


def _parent(entry: Path) -> int | None:
    try:
        # The parent's id is the second field after the name, which is in parentheses and may contain some itself.
        return int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
    except (OSError, IndexError):
        return None


def _scan_process(process: int, finder: Finder) -> Iterator[Finding]:
    folder = Path("/proc") / str(process)
    try:
        name = f"{process} {_describe(folder)}"
        memory = os.open(folder / "mem", os.O_RDONLY)
        pagemap = os.open(folder / "pagemap", os.O_RDONLY)
    except (FileNotFoundError, ProcessLookupError):
        return
    overlap = finder.longest - 1
    try:
        for start, end, place in _regions(folder):
            seen_to = start
            for first, last in _pages_there(pagemap, start, end):
                # Chunks overlap, so a secret that spans two chunks is found in the second. Do not report again a secret
                # that lies completely in the first.
                for at in range(first, last, _CHUNK_BYTES):
                    begin = max(start, at - overlap)
                    chunk = _read(memory, begin, min(last, at + _CHUNK_BYTES))
                    for needle, position in finder.find(chunk):
                        if begin + position + len(needle.octets) <= seen_to:
                            continue
                        around = chunk[max(0, position - 48) : position + len(needle.octets) + 48]
                        yield Finding(needle=needle, process=name, place=place, address=begin + position, around=around)
                    seen_to = min(last, at + _CHUNK_BYTES)
    except (FileNotFoundError, ProcessLookupError):
        return
    finally:
        os.close(memory)
        os.close(pagemap)


def _describe(folder: Path) -> str:
    try:
        words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return ""
    if "-contentproc" in " ".join(words).split():
        # The last word is the kind of Firefox's child process. Its fork server joins the words by spaces.
        return " ".join(words).split()[-1]
    kind = re.search(r"--type=(\S+)", " ".join(words))
    return kind[1] if kind else Path(words[0]).name


def _regions(folder: Path) -> list[tuple[int, int, str]]:
    regions = []
    for line in (folder / "maps").read_text().splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        start, end, rights, inode, name = match.groups()
        # Skip read-only parts of programs, which contain no secrets, and the kernel's pages, which cannot be read.
        is_program = "w" not in rights and inode != "0" and name.startswith(("/usr/", "/lib"))
        if rights[0] == "r" and not is_program and not name.startswith(("[vvar", "[vsyscall")):
            regions.append((int(start, 16), int(end, 16), f"{rights} {name}".strip()))
    return regions


def _pages_there(pagemap: int, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The parts of a region that have pages. Reading the other parts would be slow, and would create pages of zeros."""
    count = (end - start) // _PAGE_BYTES
    entries = os.pread(pagemap, count * _PAGEMAP_ENTRY_BYTES, start // _PAGE_BYTES * _PAGEMAP_ENTRY_BYTES)
    there = bytes(1 if octet & _THERE else 0 for octet in entries[_PAGEMAP_ENTRY_BYTES - 1 :: _PAGEMAP_ENTRY_BYTES])
    at = there.find(1)
    while at >= 0:
        after = there.find(0, at)
        after = len(there) if after < 0 else after
        yield start + at * _PAGE_BYTES, start + after * _PAGE_BYTES
        at = there.find(1, after)


def _read(memory: int, start: int, end: int) -> bytes:
    try:
        return os.pread(memory, end - start, start)
    except OSError:
        # The region was unmapped, or belongs to a device.
        return b""
