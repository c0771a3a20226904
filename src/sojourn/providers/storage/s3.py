"""A bucket of any S3-compatible store: AWS, Supabase Storage, R2, MinIO."""

from datetime import timedelta

from obstore.store import S3Store

from sojourn.providers.storage.objects import ObjectFiles


def s3_bucket(
    *, bucket: str, region: str, access_key_id: str, secret_access_key: str, endpoint: str | None = None
) -> ObjectFiles:
    """A `FileStore` in `bucket`. `endpoint` is for everybody but AWS; plain http only where it says so itself."""
    return ObjectFiles(
        S3Store(
            bucket,
            endpoint=endpoint,
            region=region,
            access_key_id=access_key_id,
            secret_access_key=secret_access_key,
            virtual_hosted_style_request=False,
            client_options={"allow_http": bool(endpoint and endpoint.startswith("http://")), "timeout": "20s"},
            retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=20)},
        )
    )
