"""What a version carries for its successor, on S3: an object a publication, written once, deleted by a rule of the
bucket (`live/`, a day).

No reader of the live picture needs it: the tracked table, the flights that changed, the accounts. They are more than
half of a picture, and a put costs as much as eight kilobytes in DynamoDB.
"""

from dataclasses import replace
from typing import Any

import zstandard
from botocore.exceptions import ClientError

from flightdata.backends.aws import code, transient
from flightdata.backends.live.naming import Part, check
from flightdata.backends.live.packing import pack, unpack
from flightdata.models.picture import Picture
from flightdata.models.states import no_states

PREFIX = "live/"

_LEVEL = 3
_MISSING = {"NoSuchKey", "404"}


class CarriedParts:
    """What publications carry, in `bucket`, by their names (`naming`). `client` is boto3's for S3."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    @staticmethod
    def pack(picture: Picture) -> bytes:
        """`picture` without its states."""
        packed = pack(replace(picture, states=no_states()))
        return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(packed)

    def put(self, content: str, packed: bytes) -> None:
        """Durable when it returns."""
        with transient("what a version carries was not written"):
            self._client.put_object(Bucket=self._bucket, Key=PREFIX + content, Body=packed)

    def get(self, content: str) -> Picture:
        """What was put. Raises ValueError if it is not there any more or is damaged."""
        with transient("what the live picture carries was not read"):
            try:
                body: bytes = self._client.get_object(Bucket=self._bucket, Key=PREFIX + content)["Body"].read()
            except ClientError as error:
                if code(error) in _MISSING:
                    raise ValueError("it has expired") from error
                raise
        check(content, Part.CARRIED, body)
        try:
            return unpack(zstandard.ZstdDecompressor().decompress(body))
        except zstandard.ZstdError as error:
            raise ValueError(str(error)) from error

    def close(self) -> None:
        self._client.close()
