"""The part of Python's standard library in the bundle: a quarter of its files.

The list has the modules that Pyodide imports at its start, that the core and its verbs import, and that C code imports
(`_pylong`), with their own imports. The list has every codec, because mail can name any charset. TLS and archives other
than zip are left out, although some modules try to import them.
"""

from __future__ import annotations

import io
import zipfile
from typing import Final

# A name that ends in a slash means the whole package.
_NAMES: Final = """
    __future__.py _colorize.py _opcode_metadata.py _py_warnings.py _pylong.py _pyodide/__init__.py _pyodide/_base.py
    _pyodide/_core_docs.py _pyodide/_future_helper.py _pyodide/_importhook.py _pyodide/docs_argspec.py
    _pyodide/docstring.py _pyodide/jsbind.py _weakrefset.py annotationlib.py ast.py asyncio/__init__.py
    asyncio/base_events.py asyncio/base_futures.py asyncio/base_subprocess.py asyncio/base_tasks.py
    asyncio/constants.py asyncio/coroutines.py asyncio/events.py asyncio/exceptions.py asyncio/format_helpers.py
    asyncio/futures.py asyncio/graph.py asyncio/locks.py asyncio/log.py asyncio/mixins.py asyncio/protocols.py
    asyncio/queues.py asyncio/runners.py asyncio/selector_events.py asyncio/sslproto.py asyncio/staggered.py
    asyncio/streams.py asyncio/subprocess.py asyncio/taskgroups.py asyncio/tasks.py asyncio/threads.py
    asyncio/timeouts.py asyncio/transports.py asyncio/trsock.py asyncio/unix_events.py base64.py bisect.py
    codeop.py collections/__init__.py concurrent/__init__.py concurrent/futures/__init__.py
    concurrent/futures/_base.py contextlib.py contextvars.py copy.py copyreg.py dataclasses.py datetime.py
    decimal.py dis.py encodings/ enum.py fnmatch.py functools.py glob.py hashlib.py heapq.py hmac.py
    html/__init__.py html/entities.py importlib/__init__.py importlib/_abc.py importlib/abc.py inspect.py
    ipaddress.py json/__init__.py json/decoder.py json/encoder.py json/scanner.py keyword.py linecache.py locale.py
    logging/__init__.py numbers.py opcode.py operator.py pathlib/__init__.py pathlib/_os.py pyodide/__init__.py
    pyodide/_package_loader.py pyodide/_state.py pyodide/code.py pyodide/common.py pyodide/ffi/__init__.py
    pyodide/webloop.py queue.py random.py re/__init__.py re/_casefix.py re/_compiler.py re/_constants.py
    re/_parser.py reprlib.py secrets.py selectors.py shutil.py signal.py socket.py string/__init__.py stringprep.py
    struct.py subprocess.py tempfile.py textwrap.py threading.py token.py tokenize.py traceback.py types.py
    typing.py urllib/__init__.py urllib/parse.py warnings.py weakref.py zipfile/__init__.py
    zipfile/_path/__init__.py zipfile/_path/glob.py
""".split()  # noqa: SIM905  a list would need one line for each name


def choose_modules(standard_library: bytes) -> dict[str, bytes]:
    """The sources of the listed modules by name, from Pyodide's own archive."""
    with zipfile.ZipFile(io.BytesIO(standard_library)) as archive:
        return {name: archive.read(name) for name in sorted(archive.namelist()) if is_listed(name)}


def is_listed(name: str) -> bool:
    """Whether a file of Pyodide's archive goes into the bundle."""
    return name.endswith(".py") and any(
        name.startswith(listed) if listed.endswith("/") else name == listed for listed in _NAMES
    )
