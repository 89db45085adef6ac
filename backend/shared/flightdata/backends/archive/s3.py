"""The raw archive on S3, laid out as in a folder: `source=…/date=…/hour=…/<time>-<hash>.json.zst`."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import zstandard
from botocore.exceptions import ClientError

from flightdata.backends.aws import code, delete_objects, transient
from flightdata.errors import Poison
from flightdata.models.snapshot import RawSnapshot, SnapshotKey
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

    def keys(self) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix="source=")
        with transient("the archive was not listed"):
            for page in pages:
                for one in page.get("Contents", ()):
                    if one["Key"].endswith(SUFFIX):
                        yield one["Key"].removesuffix(SUFFIX)

    def expire(self, before: EpochSeconds) -> int:
        """In a deployment a rule of the bucket does so, without a request."""
        last = datetime.fromtimestamp(before, UTC).strftime("date=%Y-%m-%d/hour=%H")
        old = [key + SUFFIX for key in self.keys() if key.split("/", 1)[1].rpartition("/")[0] < last]
        delete_objects(self._client, self._bucket, old)
        return len(old)

    def _read(self, key: str) -> bytes:
        with transient(f"{key} was not read"):
            try:
                content: bytes = self._client.get_object(Bucket=self._bucket, Key=key + SUFFIX)["Body"].read()
            except ClientError as error:
                if code(error) in _MISSING:
                    raise Poison(f"the archive has no snapshot {key!r}") from error
                raise
        return content
