"""Makes the bundle: Pyodide, the core, its snapshot, the pages and the extension, with a manifest of hashes."""
