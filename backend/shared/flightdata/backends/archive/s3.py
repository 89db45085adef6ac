"""The raw archive on S3, laid out as in a folder: `source=…/date=…/hour=…/<time>-<hash>.json.zst`."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import zstandard
from botocore.exceptions import ClientError

from flightdata.backends.aws import code, delete_objects, transient
from flightdata.errors import Poison
from flightdata.models.snapshot import RawSnapshot, SnapshotKey, key_from
from flightdata.models.units import EpochSeconds

SUFFIX = ".json.zst"

LEVEL = 9
"""A tenth fewer bytes to pay for than level 3, for 10 ms more of a global snapshot (measured: 445 KB of 1.8 MB)."""

_THERE_ALREADY = {"PreconditionFailed", "ConditionalRequestConflict"}
_MISSING = {"NoSuchKey", "404"}


class S3Archive:
    """A RawArchive of one object a snapshot in `bucket`. `client` is boto3's for S3."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, snapshot: RawSnapshot) -> str:
        body = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compress(snapshot.body)
        with transient(f"{snapshot.key} was not archived"):
            try:
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=snapshot.key + SUFFIX,
                    Body=body,
                    ContentType="application/zstd",
                    IfNoneMatch="*",
                )
            except ClientError as error:
                if code(error) not in _THERE_ALREADY:
                    raise
        return snapshot.key

    def get(self, key: str) -> RawSnapshot:
        try:
            about = SnapshotKey.parse(key)
            body = zstandard.ZstdDecompressor().decompress(self._read(key))
        except ValueError as error:
            raise Poison(f"the archive has no snapshot {key!r}") from error
        except (zstandard.ZstdError, MemoryError) as error:  # a damaged header may ask for anything
            raise Poison(f"the archived bytes of {key} are damaged: {error}") from error
        snapshot = RawSnapshot(about.source, about.received_at, body)
        if not snapshot.sha256.startswith(about.digest):
            raise Poison(f"the archived bytes of {key} are not those that were put")
        return snapshot

    def keys(self, start: EpochSeconds = 0.0, end: EpochSeconds = math.inf) -> Iterator[str]:
        """A request for the names of the sources; for each of them one, and one more for every 1,000 of its keys."""
        for source in self._sources():
            first, last = (key_from(source, moment) for moment in (start, end))
            for name in self._names(f"source={source}/", first):
                if name >= last:
                    break
                if name.endswith(SUFFIX):
                    yield name.removesuffix(SUFFIX)

    def expire(self, before: EpochSeconds) -> int:
        """In a deployment a rule of the bucket does so, without a request."""
        last = datetime.fromtimestamp(before, UTC).strftime("date=%Y-%m-%d/hour=%H")
        old = [key + SUFFIX for key in self.keys() if key.split("/", 1)[1].rpartition("/")[0] < last]
        delete_objects(self._client, self._bucket, old)
        return len(old)

    def _sources(self) -> Iterator[str]:
        for page in self._pages(Prefix="source=", Delimiter="/"):
            for one in page.get("CommonPrefixes", ()):
                yield one["Prefix"].removeprefix("source=").removesuffix("/")

    def _names(self, prefix: str, after: str) -> Iterator[str]:
        for page in self._pages(Prefix=prefix, StartAfter=after):
            for one in page.get("Contents", ()):
                yield one["Key"]

    def _pages(self, **asked: str) -> Iterator[dict[str, Any]]:
        with transient("the archive was not listed"):
            yield from self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, **asked)

    def _read(self, key: str) -> bytes:
        with transient(f"{key} was not read"):
            try:
                content: bytes = self._client.get_object(Bucket=self._bucket, Key=key + SUFFIX)["Body"].read()
            except ClientError as error:
                if code(error) in _MISSING:
                    raise Poison(f"the archive has no snapshot {key!r}") from error
                raise
        return content
