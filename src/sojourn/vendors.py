"""Which vendor stands behind which port: chosen once, from the settings."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from sojourn.platform.kit.lazily import lazily
from sojourn.providers.emergency.port import Alarm
from sojourn.providers.faces.port import FaceEngine
from sojourn.providers.mail.port import MailSender
from sojourn.providers.meetings.port import MeetingRooms
from sojourn.providers.ocr.port import TextReader
from sojourn.providers.payments.port import ProviderMisconfigured
from sojourn.providers.payments.qr_port import QrProvider
from sojourn.providers.payments.stripe import OWN_BASE_URL, StripePayments
from sojourn.providers.push.port import PushSender
from sojourn.providers.rates.cached import CachedRates
from sojourn.providers.rates.none import NoRates
from sojourn.providers.rates.port import RatesSource
from sojourn.providers.scanner.none import NoScanner
from sojourn.providers.scanner.port import Scanner
from sojourn.providers.storage.local import LocalFolder
from sojourn.providers.storage.port import FileStore
from sojourn.providers.vendors import Vendors
from sojourn.providers.weather.cached import CachedWeather
from sojourn.providers.weather.none import NoWeather
from sojourn.providers.weather.port import WeatherSource
from sojourn.settings import SettingsError, StorefrontSettings

# One of each kind is chosen: the others are not even imported.
if TYPE_CHECKING:
    from sojourn.providers.emergency import webhook
    from sojourn.providers.faces import aws_signature, rekognition
    from sojourn.providers.mail import resend, sendgrid, smtp
    from sojourn.providers.meetings import google_meet, jitsi, zoom
    from sojourn.providers.oauth import google, supabase
    from sojourn.providers.ocr import rapid
    from sojourn.providers.payments import bakong
    from sojourn.providers.push import account, fcm
    from sojourn.providers.rates import exchangerate_api
    from sojourn.providers.scanner import clamd
    from sojourn.providers.storage import cloudinary, s3
    from sojourn.providers.weather import openweathermap
else:
    webhook = lazily("sojourn.providers.emergency.webhook")
    aws_signature = lazily("sojourn.providers.faces.aws_signature")
    rekognition = lazily("sojourn.providers.faces.rekognition")
    resend = lazily("sojourn.providers.mail.resend")
    sendgrid = lazily("sojourn.providers.mail.sendgrid")
    smtp = lazily("sojourn.providers.mail.smtp")
    google_meet = lazily("sojourn.providers.meetings.google_meet")
    jitsi = lazily("sojourn.providers.meetings.jitsi")
    zoom = lazily("sojourn.providers.meetings.zoom")
    google = lazily("sojourn.providers.oauth.google")
    supabase = lazily("sojourn.providers.oauth.supabase")
    rapid = lazily("sojourn.providers.ocr.rapid")
    bakong = lazily("sojourn.providers.payments.bakong")
    account = lazily("sojourn.providers.push.account")
    fcm = lazily("sojourn.providers.push.fcm")
    exchangerate_api = lazily("sojourn.providers.rates.exchangerate_api")
    clamd = lazily("sojourn.providers.scanner.clamd")
    cloudinary = lazily("sojourn.providers.storage.cloudinary")
    s3 = lazily("sojourn.providers.storage.s3")
    openweathermap = lazily("sojourn.providers.weather.openweathermap")

# Schemes of SMTP_URL, and what they are called in `SmtpSecurity`.
SMTP_SCHEMES = {"smtp": "NONE", "smtp+starttls": "STARTTLS", "smtps": "TLS"}


def choose_vendors(settings: StorefrontSettings) -> Vendors:
    """Build the vendors of one storefront. Raises `SettingsError` when one lacks what it needs."""
    key = settings.stripe_secret_key.get_secret_value()
    payments = StripePayments(
        secret_key=key,
        webhook_secrets=[s.strip() for s in settings.stripe_webhook_secret.get_secret_value().split(",") if s.strip()],
        is_live=key.partition("_")[2].startswith("live"),
        base_url=settings.stripe_api_base or OWN_BASE_URL,
    )
    return Vendors(
        payments=payments,
        qr=_choose_qr(settings),
        mail=_choose_mail(settings),
        push=_choose_push(settings),
        alarm=_choose_alarm(settings),
        meetings=_choose_meetings(settings),
        google=_choose_google(settings),
        supabase=_choose_supabase(settings),
        storage=_choose_storage(settings),
        scanner=_choose_scanner(settings.clamd_url),
        faces=_choose_faces(settings),
        ocr=_choose_ocr(settings),
        rates=CachedRates(_choose_rates(settings)),
        weather=CachedWeather(_choose_weather(settings)),
    )


def _choose_qr(settings: StorefrontSettings) -> QrProvider | None:
    """None where nobody has a token: payments by KHQR are then refused, and cards go on."""
    if settings.bakong_token is None:
        return None
    try:
        return bakong.BakongQr(
            token=settings.bakong_token.get_secret_value(),
            account_id=_named(settings.bakong_account_id, "BAKONG_ACCOUNT_ID"),
            merchant_name=_named(settings.bakong_merchant_name, "BAKONG_MERCHANT_NAME"),
            merchant_city=settings.bakong_merchant_city,
            merchant_id=settings.bakong_merchant_id,
            acquiring_bank=settings.bakong_acquiring_bank,
            base_url=settings.bakong_api_base or bakong.OWN_BASE_URL,
        )
    except ProviderMisconfigured as fault:
        raise SettingsError(f"BAKONG_*: {fault.message}.") from fault


def _choose_mail(settings: StorefrontSettings) -> MailSender:
    if settings.mail_vendor == "resend":
        key = _required(settings.resend_api_key, "RESEND_API_KEY")
        return resend.ResendMail(api_key=key, base_url=settings.resend_api_base or "https://api.resend.com")
    if settings.mail_vendor == "sendgrid":
        key = _required(settings.sendgrid_api_key, "SENDGRID_API_KEY")
        return sendgrid.SendGridMail(api_key=key, base_url=settings.sendgrid_api_base or "https://api.sendgrid.com")
    if settings.mail_vendor == "smtp":
        return _smtp(_required(settings.smtp_url, "SMTP_URL"))
    raise SettingsError(f"MAIL_VENDOR={settings.mail_vendor!r} is none of resend, sendgrid, smtp.")


def _choose_push(settings: StorefrontSettings) -> PushSender | None:
    """None without a service account: nobody is offered pushes then."""
    if settings.firebase_service_account is None:
        return None
    try:
        firebase = account.read_service_account(settings.firebase_service_account.get_secret_value())
    except ValueError as fault:
        raise SettingsError(f"FIREBASE_SERVICE_ACCOUNT is not the JSON of a service account: {fault}") from fault
    return fcm.FcmPush(firebase, base_url=settings.fcm_api_base or fcm.OWN_BASE_URL)


def _choose_meetings(settings: StorefrontSettings) -> MeetingRooms:
    if settings.meeting_vendor == "jitsi":
        return jitsi.JitsiRooms(base_url=settings.jitsi_base_url)
    if settings.meeting_vendor == "zoom":
        return zoom.ZoomRooms(
            account_id=_named(settings.zoom_account_id, "ZOOM_ACCOUNT_ID"),
            client_id=_named(settings.zoom_client_id, "ZOOM_CLIENT_ID"),
            client_secret=_required(settings.zoom_client_secret, "ZOOM_CLIENT_SECRET"),
        )
    if settings.meeting_vendor == "google_meet":
        return google_meet.GoogleMeetRooms(
            client_id=_named(settings.google_meet_client_id, "GOOGLE_MEET_CLIENT_ID"),
            client_secret=_required(settings.google_meet_client_secret, "GOOGLE_MEET_CLIENT_SECRET"),
            refresh_token=_required(settings.google_meet_refresh_token, "GOOGLE_MEET_REFRESH_TOKEN"),
        )
    raise SettingsError(f"MEETING_VENDOR={settings.meeting_vendor!r} is none of jitsi, zoom, google_meet.")


def _choose_google(settings: StorefrontSettings) -> "google.GoogleIdentity | None":
    if not settings.google_client_id:
        return None
    return google.GoogleIdentity(
        client_id=settings.google_client_id,
        client_secret=_required(settings.google_client_secret, "GOOGLE_CLIENT_SECRET"),
        issuer=settings.google_api_base or google.GOOGLE,
    )


def _choose_supabase(settings: StorefrontSettings) -> "supabase.SupabaseAuth | None":
    if not settings.supabase_url:
        return None
    secret = settings.supabase_jwt_secret
    return supabase.SupabaseAuth(
        url=settings.supabase_url,
        service_role_key=_required(settings.supabase_service_role_key, "SUPABASE_SERVICE_ROLE_KEY"),
        jwt_secret=secret.get_secret_value() if secret else None,
    )


def _choose_alarm(settings: StorefrontSettings) -> Alarm | None:
    url = settings.emergency_webhook_url
    if not url:
        return None
    if not url.startswith(("https://", "http://")):
        raise SettingsError("EMERGENCY_WEBHOOK_URL must be a web address, such as https://alarm.example/sojourn.")
    secret = _required(settings.emergency_webhook_secret, "EMERGENCY_WEBHOOK_SECRET")
    try:
        return webhook.WebhookAlarm(url=url, secret=secret)
    except ValueError as fault:
        raise SettingsError(f"EMERGENCY_WEBHOOK_SECRET: {fault}.") from fault


def _smtp(url: str) -> "smtp.SmtpMail":
    parts = urlsplit(url)
    if parts.scheme not in SMTP_SCHEMES or not parts.hostname:
        raise SettingsError("SMTP_URL must look like smtp+starttls://user:password@host:587 (or smtps://, smtp://).")
    return smtp.SmtpMail(
        host=parts.hostname,
        port=parts.port or 587,
        security=smtp.SmtpSecurity[SMTP_SCHEMES[parts.scheme]],
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def _choose_storage(settings: StorefrontSettings) -> FileStore:
    if settings.storage_vendor == "local":
        return LocalFolder(Path(settings.storage_path).resolve())
    if settings.storage_vendor == "cloudinary":
        return cloudinary.CloudinaryFiles(
            _cloudinary_account(settings), base_url=settings.cloudinary_api_base or cloudinary.OWN_BASE_URL
        )
    if settings.storage_vendor != "s3":
        raise SettingsError(f"STORAGE_VENDOR={settings.storage_vendor!r} is none of local, s3, cloudinary.")
    if not settings.s3_bucket or not settings.s3_access_key_id or not settings.s3_secret_access_key:
        raise SettingsError("STORAGE_VENDOR=s3 needs S3_BUCKET, S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY.")
    return s3.s3_bucket(
        bucket=settings.s3_bucket,
        region=settings.s3_region,
        access_key_id=settings.s3_access_key_id,
        secret_access_key=settings.s3_secret_access_key.get_secret_value(),
        endpoint=settings.s3_endpoint,
    )


def _cloudinary_account(settings: StorefrontSettings) -> "cloudinary.CloudinaryAccount":
    if settings.cloudinary_url is not None:
        try:
            return cloudinary.read_url(settings.cloudinary_url.get_secret_value())
        except ValueError as fault:
            raise SettingsError(f"CLOUDINARY_URL {fault}.") from fault
    return cloudinary.CloudinaryAccount(
        cloud_name=_named(settings.cloudinary_cloud_name, "CLOUDINARY_CLOUD_NAME (or CLOUDINARY_URL)"),
        api_key=_named(settings.cloudinary_api_key, "CLOUDINARY_API_KEY"),
        api_secret=_required(settings.cloudinary_api_secret, "CLOUDINARY_API_SECRET"),
    )


def _choose_faces(settings: StorefrontSettings) -> FaceEngine | None:
    """None by default: people look at every student card."""
    if settings.faces_vendor is None:
        return None
    if settings.faces_vendor != "rekognition":
        raise SettingsError(f"FACES_VENDOR={settings.faces_vendor!r} is not rekognition.")
    credentials = aws_signature.Credentials(
        access_key_id=_named(settings.rekognition_access_key_id, "REKOGNITION_ACCESS_KEY_ID"),
        secret_access_key=_required(settings.rekognition_secret_access_key, "REKOGNITION_SECRET_ACCESS_KEY"),
        region=settings.rekognition_region,
    )
    return rekognition.RekognitionFaces(credentials=credentials, base_url=settings.rekognition_api_base)


def _choose_ocr(settings: StorefrontSettings) -> TextReader | None:
    """None by default: the lines of passports are typed."""
    if settings.ocr_vendor is None:
        return None
    if settings.ocr_vendor != "rapidocr":
        raise SettingsError(f"OCR_VENDOR={settings.ocr_vendor!r} is not rapidocr.")
    try:
        engine = import_module("rapidocr")
    except ImportError as fault:
        raise SettingsError("OCR_VENDOR=rapidocr needs the extra: pip install 'sojourn[ocr]'") from fault
    return rapid.RapidReader(lambda: engine.RapidOCR(params={"Global.log_level": "error"}))


def _choose_scanner(url: str | None) -> Scanner:
    if not url:
        return NoScanner()
    parts = urlsplit(url)
    if parts.scheme != "tcp" or not parts.hostname:
        raise SettingsError("CLAMD_URL must look like tcp://host:3310.")
    return clamd.ClamdScanner(host=parts.hostname, port=parts.port or 3310)


def _choose_rates(settings: StorefrontSettings) -> RatesSource:
    if settings.exchange_rate_api_key is None:
        return NoRates()
    return exchangerate_api.ExchangeRateApi(
        api_key=settings.exchange_rate_api_key.get_secret_value(),
        base_url=settings.exchange_rate_api_base or exchangerate_api.OWN_BASE_URL,
    )


def _choose_weather(settings: StorefrontSettings) -> WeatherSource:
    if settings.openweather_api_key is None:
        return NoWeather()
    return openweathermap.OpenWeatherMap(
        api_key=settings.openweather_api_key.get_secret_value(),
        base_url=settings.openweather_api_base or openweathermap.OWN_BASE_URL,
    )


def _required(secret: SecretStr | None, name: str) -> str:
    if secret is None:
        raise SettingsError(f"{name} is not set; the chosen vendor needs it.")
    return secret.get_secret_value()


def _named(value: str | None, name: str) -> str:
    return _required(SecretStr(value) if value is not None else None, name)
