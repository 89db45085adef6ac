"""`zip-folder.py FOLDER ZIP LIMIT`: a zip of which the same files give the same bytes; refused from LIMIT bytes on.

LIMIT is for the files unzipped.
"""

import sys
import zipfile
from pathlib import Path

_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o644 << 16


def main() -> None:
    folder, target, limit = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path in paths:
            info = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _LONG_AGO)
            info.external_attr = _READABLE
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, path.read_bytes())
    size = sum(path.stat().st_size for path in paths)
    print(f"{target.name:<32} {size / 1e6:6.1f} MB unzipped, {target.stat().st_size / 1e6:5.1f} MB zipped")
    if size >= limit:
        sys.exit(f"{folder.name} has {size:,} bytes unzipped; Lambda takes less than {limit:,}")


if __name__ == "__main__":
    main()
