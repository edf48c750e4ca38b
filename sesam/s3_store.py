"""The files in a private bucket of an S3 store, where ``FILES_STORE`` names one::

    FILES_STORE=s3://bucket/folder?endpoint=https://s3.example.se&region=se-1&encryption=AES256

``endpoint`` is left out for Amazon's own. ``encryption`` is what the store is asked to encipher each file
with: ``AES256`` (the default), ``aws:kms`` (with ``key=…``), or ``none`` where the bucket or its disks
already are. Whose the keys are stands in ``AWS_ACCESS_KEY_ID`` and ``AWS_SECRET_ACCESS_KEY``, or wherever
else Amazon's library finds them.

Nobody but the portal asks the store: it hands files out itself, after its own check of who may read. So
the web server must not hang on a store that does: short timeouts, fewer threads that ask than there are,
and a pause after an answer that never came.

Loaded only where the setting is there; what it needs is in requirements-more.txt.
"""

from __future__ import annotations

import logging
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any
from urllib.parse import parse_qsl, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import File

try:
    from boto3.exceptions import Boto3Error
    from boto3.s3.transfer import TransferConfig
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
    from storages.backends.s3 import S3Storage
    from urllib3.exceptions import HTTPError
except (ImportError, ImproperlyConfigured) as missing:
    raise ImproperlyConfigured(
        "FILES_STORE är satt, men paketen för fillagret saknas:"
        " pip install --require-hashes -r requirements-more.txt"
    ) from missing

from . import metrics
from .file_store import UNDER_WAY, Cleared, Entry, StoreDown, overlooked

log = logging.getLogger(__name__)

ENCRYPTIONS = ("AES256", "aws:kms", "none")
CONNECT, ANSWER = 2, 5  # seconds
LONGEST = 30  # seconds for one file that trickles
PAUSE = 5  # seconds that nobody asks after an answer that never came
_QUEUE = 5  # seconds that a thread waits for its turn
_IN_MEMORY = 2_621_440  # bytes of a file that is read, as Django has it of one that is sent in
_ONE_PART = 64 * 1024 * 1024
_CHECK = "start-check"  # the folder of ``why_not``
_MISSING = {"404", "NoSuchKey", "NotFound"}


def options() -> dict[str, Any]:
    """``FILES_STORE`` in parts. Raises ``ImproperlyConfigured``."""
    try:
        parts = urlsplit(settings.FILES_STORE)
        given = dict(
            parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        )
    except ValueError:
        raise ImproperlyConfigured(_FORM) from None
    unknown = set(given) - {"endpoint", "region", "encryption", "key"}
    endpoint, encryption = given.get("endpoint", ""), given.get("encryption", "AES256")
    whole = parts.scheme == "s3" and parts.netloc and "@" not in parts.netloc
    if not whole or unknown or encryption not in ENCRYPTIONS:
        raise ImproperlyConfigured(_FORM)
    host = urlsplit(endpoint).hostname
    near = host in ("localhost", "127.0.0.1", "::1")
    if endpoint and not (host and endpoint.startswith("https://" if not near else "http")):
        raise ImproperlyConfigured("FILES_STORE: endpoint ska börja med https://.")
    return {
        "bucket_name": parts.netloc,
        "location": parts.path.strip("/"),
        "endpoint_url": endpoint or None,
        "region_name": given.get("region") or ("us-east-1" if endpoint else None),
        "object_parameters": _sealed(encryption, given.get("key", "")),
    }


_FORM = (
    "FILES_STORE ska se ut som s3://hink/mapp?endpoint=https://…&region=…&encryption=…, där encryption är"
    " AES256, aws:kms eller none; nyckeln står i AWS_ACCESS_KEY_ID och AWS_SECRET_ACCESS_KEY."
)


def _sealed(encryption: str, key: str) -> dict[str, str]:
    if encryption == "none":
        return {}
    asked = {"ServerSideEncryption": encryption}
    return asked | ({"SSEKMSKeyId": key} if key and encryption == "aws:kms" else {})


class Store(Cleared, S3Storage):  # type: ignore[misc]  # the library has no types
    """A bucket, or a folder in it."""

    def __init__(self, **more: Any) -> None:
        asked = options()
        config = Config(
            connect_timeout=CONNECT,
            read_timeout=ANSWER,
            retries={"total_max_attempts": 2, "mode": "standard"},
            max_pool_connections=20,
            # What Amazon's library has begun to ask for, other stores don't all know.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={"addressing_style": "path"} if asked["endpoint_url"] else {},
        )
        super().__init__(
            **asked,
            client_config=config,
            # No threads beside the one that answers.
            transfer_config=TransferConfig(use_threads=False, multipart_threshold=_ONE_PART),
            file_overwrite=False,
            default_acl=None,
            **more,
        )
        self._making, self._shared = threading.Lock(), None

    @property
    def connection(self) -> Any:
        """One for all threads, as it takes half a second to make; its client is made to be shared."""
        with self._making:
            if self._shared is None:
                self._shared = self._create_session().resource(
                    "s3",
                    region_name=self.region_name,
                    endpoint_url=self.endpoint_url,
                    config=self.client_config,
                )
            return self._shared

    # --- what Django asks for ---

    def _open(self, name: str, mode: str = "rb") -> File[bytes]:
        """All of it, before the answer begins: what goes wrong is told in time."""
        if mode != "rb":
            raise ValueError("a file of the store is read, or saved anew")
        end = time.monotonic() + LONGEST
        spool = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)
        try:
            with _asking(name):
                got = self._client().get_object(Bucket=self.bucket_name, Key=self._key(name))
                with got["Body"] as body:
                    while part := body.read(256 * 1024):
                        spool.write(part)
                        if time.monotonic() > end:
                            raise TimeoutError
        except BaseException:
            spool.close()
            raise
        spool.seek(0)
        return File(spool, name)

    def _save(self, name: str, content: File[Any]) -> str:
        with _asking(name):
            saved: str = super()._save(name, content)
        return saved

    def exists(self, name: str) -> bool:
        with _asking(name):
            return bool(super().exists(name))

    def size(self, name: str) -> int:
        with _asking(name):
            return int(super().size(name))

    def delete(self, name: str) -> None:
        with overlooked():
            self.remove(name)

    def url(self, name: str | None, *args: Any, **kwargs: Any) -> str:
        """Leads nowhere, as a file's in the folder does: files have no addresses."""
        return name or ""

    # --- what the portal asks for besides ---

    def entries(self) -> Iterator[Entry]:
        before = f"{self.location.strip('/')}/" if self.location else ""
        more: dict[str, str] = {}
        while True:
            with _asking("list"):
                got = self._client().list_objects_v2(Bucket=self.bucket_name, Prefix=before, **more)
            for one in got.get("Contents", ()):
                name = one["Key"][len(before) :]
                is_ours = not name.startswith(f"{_CHECK}/") and name != UNDER_WAY
                if name and not name.endswith("/") and is_ours:
                    yield Entry(name, one["Size"], one["LastModified"])
            if not got.get("IsTruncated"):
                return
            more = {"ContinuationToken": got["NextContinuationToken"]}

    def put(self, name: str, content: IO[bytes]) -> None:
        with _asking(name):
            S3Storage._save(self, name, File(content))

    def remove(self, name: str) -> None:
        with _asking(name):
            self._client().delete_object(Bucket=self.bucket_name, Key=self._key(name))

    def _client(self) -> Any:
        return self.bucket.meta.client

    def _key(self, name: str) -> str:
        return str(self._normalize_name(name))


# --- a store that is slow or gone ---

FAULTS = metrics.counter(
    "portal_files_store_faults", "Questions that the files' store didn't answer", ["kind"]
)
_turns = threading.BoundedSemaphore(settings.FILES_AT_ONCE)
_silent_until = 0.0


@contextmanager
def _asking(name: str) -> Iterator[None]:
    """A question to the store: its answer, ``FileNotFoundError``, or ``StoreDown``. The log says what it
    was; no file's name tells anything of anybody."""
    global _silent_until
    if time.monotonic() < _silent_until or not _turns.acquire(timeout=_QUEUE):
        raise StoreDown
    try:
        if time.monotonic() < _silent_until:  # the one that was waited for got no answer
            raise StoreDown
        yield
    except (StoreDown, FileNotFoundError):
        raise
    except ClientError as fault:
        if _code(fault) in _MISSING:
            raise FileNotFoundError(name) from None
        log.error("The files' store refused: %s", _code(fault))
        FAULTS.labels("refused").inc()
        raise StoreDown from None
    except (BotoCoreError, Boto3Error, HTTPError, OSError) as fault:
        _silent_until = time.monotonic() + PAUSE
        log.error("The files' store doesn't answer: %s", type(fault).__name__)
        FAULTS.labels("silent").inc()
        raise StoreDown from None
    finally:
        _turns.release()


def _code(fault: ClientError) -> str:
    return str(fault.response.get("Error", {}).get("Code", ""))


def ask_again() -> None:
    """Whoever waits on purpose doesn't heed the pause."""
    global _silent_until
    _silent_until = 0.0


# --- what is looked at before it is used ---

_RIGHTS = "s3:PutObject, s3:GetObject, s3:DeleteObject och s3:ListBucket"


def why_not() -> str:
    """Why the store can't be used as it is set: a sentence, or nothing. Raises ``StoreDown`` where it
    doesn't answer. Writes, reads, lists and removes a file of its own."""
    store = Store()
    where = f"s3://{store.bucket_name}"
    client, bucket = store.connection.meta.client, store.bucket_name
    key = store._key(f"{_CHECK}/{uuid.uuid4().hex}")
    sealed: dict[str, str] = store.object_parameters
    name = {"Bucket": bucket, "Key": key}
    try:
        client.put_object(**name, Body=b"portal", **sealed)
        try:
            with (got := client.get_object(**name))["Body"] as body:
                same = body.read() == b"portal"
            client.list_objects_v2(Bucket=bucket, Prefix=key)
            is_open = _anybody_reads(store, name)
        finally:
            client.delete_object(**name)
    except NoCredentialsError:
        return "FILES_STORE är satt, men inte AWS_ACCESS_KEY_ID och AWS_SECRET_ACCESS_KEY: ange nyckeln."
    except ClientError as fault:
        return _told(fault, where, bool(sealed))
    except (BotoCoreError, HTTPError, OSError) as fault:
        log.warning("The files' store doesn't answer: %s", type(fault).__name__)
        raise StoreDown from None
    if not same:
        return f"Fillagret {where} gav tillbaka något annat än det fick: laga lagret."
    if sealed and got.get("ServerSideEncryption") != sealed["ServerSideEncryption"]:
        return (
            f"Fillagret {where} krypterade inte filen: slå på kryptering där, eller skriv encryption=none i"
            " FILES_STORE om hinken eller dess diskar redan är krypterade."
        )
    if is_open:
        return f"Vem som helst kan läsa i {where}: stäng hinken för alla utom portalens nyckel."
    return ""


def _anybody_reads(store: Store, name: dict[str, str]) -> bool:
    try:
        store.unsigned_connection.meta.client.get_object(**name)
    except ClientError:
        return False
    return True


def _told(fault: ClientError, where: str, sealed: bool) -> str:
    code = _code(fault)
    if code == "NoSuchBucket":
        return f"Hinken {where} finns inte i fillagret: skapa den, eller rätta FILES_STORE."
    if code in ("InvalidAccessKeyId", "SignatureDoesNotMatch"):
        return (
            f"Fillagret {where} känner inte igen nyckeln: rätta AWS_ACCESS_KEY_ID och"
            " AWS_SECRET_ACCESS_KEY."
        )
    if code in ("AccessDenied", "403", "Forbidden", "AllAccessDisabled"):
        return (
            f"Nyckeln i AWS_ACCESS_KEY_ID saknar rätten till {fault.operation_name} i {where}: ge den"
            f" {_RIGHTS}."
        )
    if code in ("PermanentRedirect", "AuthorizationHeaderMalformed", "301"):
        return f"{where} finns i en annan region: rätta region i FILES_STORE."
    if sealed and code in (
        "NotImplemented",
        "InvalidArgument",
        "InvalidRequest",
        "KMS.NotFoundException",
    ):
        return (
            f"Fillagret {where} kan inte kryptera som FILES_STORE säger ({code}): slå på kryptering där, rätta"
            " encryption, eller skriv encryption=none om hinken eller dess diskar redan är krypterade."
        )
    return f"Fillagret {where} svarade {code or 'något okänt'}: rätta FILES_STORE eller lagret."
