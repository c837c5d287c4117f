"""Every setting, with its default and its meaning. The environment (or `.env`) overrides: GATEPOST_<NAME>."""

from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


def _seconds(value: object) -> object:
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _mail_server(value: SecretStr) -> SecretStr:
    try:
        url = urlsplit(value.get_secret_value())
        # Asked for: a port that is no number raises here.
        known = url.scheme in {"smtp", "smtps"} and url.hostname and url.port != 0
    except ValueError:
        known = False
    if not known or url.path.strip("/") or url.query not in {"", "starttls=never"}:
        raise ValueError("must be smtp://USER:PASSWORD@HOST:587 or smtps://USER:PASSWORD@HOST:465")
    return value


# In the environment: seconds (`30`), or ISO 8601 (`PT30S`).
Duration = Annotated[timedelta, BeforeValidator(_seconds)]
EngineName = Literal["cascade", "compact", "onnx", "detoxify"]


class Settings(BaseSettings):
    # What is wrong may hold a password.
    model_config = SettingsConfigDict(
        env_prefix="GATEPOST_", env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    database_url: str = Field(
        "sqlite:///var/gatepost.db",
        # It may hold a password.
        repr=False,
        description="sqlite:///PATH for the embedded mode, postgresql+psycopg://USER:PASSWORD@HOST/NAME for a server.",
    )
    database_timeout: Duration = Field(
        timedelta(seconds=1),
        description="How long a request's transaction waits for PostgreSQL, all in all; then the answer is 503.",
    )
    redis_url: SecretStr | None = Field(
        None,
        description="Celery's broker, redis://HOST:6379/0. Not set: the embedded mode, one process, no broker.",
    )
    secret_keys: SecretStr | None = Field(
        None,
        description="What secrets, as those of webhooks, are encrypted with: keys that `gatepost secrets new` prints,"
        " the newest first, with spaces or commas between. Not set: the embedded mode keeps one beside its database.",
    )
    requests_per_minute: int = Field(
        6000, ge=0, description="What one key may ask for, over all web processes; 0: without limit."
    )
    public_url: str = Field(
        "http://127.0.0.1:8000", description="Where browsers and blogs reach Gatepost; no slash at the end."
    )

    smtp_url: Annotated[SecretStr, AfterValidator(_mail_server)] | None = Field(
        None,
        description="The mail server: smtp://USER:PASSWORD@HOST:587, which has to offer STARTTLS, or smtps://… for TLS"
        " from the first byte. `?starttls=never` for one on the same machine. Not set: no mail.",
    )
    mail_from: str | None = Field(
        None, validate_default=True, description="Who mails come from: `Gatepost <gatepost@example.org>`."
    )

    answer_within: Duration = Field(
        timedelta(seconds=0.8),
        description="How long a client of the Akismet, Perspective or OpenAI doors waits for a decision; then it gets"
        " the answer for a comment that is not decided.",
    )

    engine: EngineName = Field(
        "cascade",
        description="What scores toxicity. `cascade`: the bundled linear model and encoder; `compact`: the linear model"
        " alone, a hundred times as fast; `onnx`: a model that `gatepost models export` wrote; `detoxify`: Detoxify"
        " itself (extra `detoxify`).",
    )
    detoxify_model: str = Field(
        "original", description="original, unbiased, multilingual, original-small or unbiased-small."
    )
    detoxify_folder: Path | None = Field(
        None, description="Folder with Detoxify's checkpoint and tokenizer; not set: Detoxify downloads them."
    )
    detoxify_device: Literal["cpu", "cuda"] = Field(
        "cpu", description="`cuda`: compute on the GPU that PyTorch finds first, in half precision."
    )
    onnx_folder: Path | None = Field(None, description="Folder with the exported model; `engine=onnx` needs it.")
    engine_threads: int | None = Field(None, ge=1, description="Threads of one engine; not set: its library's default.")
    shadow_engine: EngineName | None = Field(
        None, description="A second engine that the scorers load, for the trials of `/v1/site/shadow`; not set: none."
    )

    score_batch: int = Field(64, ge=1, le=1000, description="Comments that a worker claims and scores together.")
    score_lease: Duration = Field(
        timedelta(seconds=30),
        description="How long a claimed batch is a worker's own: when that has died, another takes it over after this."
        " A worker stops to begin new texts after a third of it, and one that hangs is ended after four fifths, or ten"
        " seconds.",
    )
    score_attempts: int = Field(3, ge=1, description="Failed attempts after which a comment goes to a human.")
    score_within: Duration = Field(
        timedelta(minutes=15),
        description="With an engine that cannot be loaded, a comment is held for a human after this.",
    )

    deliver_batch: int = Field(64, ge=1, le=500, description="Webhooks that a courier claims and posts together.")
    deliver_timeout: Duration = Field(
        timedelta(seconds=15),
        description="The whole of one webhook attempt, from name lookup to the last byte read.",
    )
    deliver_at_once: int = Field(
        4, ge=1, le=100, description="Webhooks under way to one endpoint at the same time, however many couriers."
    )
    webhook_disable_after: Duration = Field(
        timedelta(days=5), description="An endpoint that has only failed for this long is disabled."
    )
    webhook_allow_private: bool = Field(
        False,
        description="Let webhooks go to private and loopback addresses and over plain http; never to link-local ones or"
        " a cloud's metadata. For a blog on the same machine or network only: whoever holds a site's key can then reach"
        " your internal hosts.",
    )

    sweep_every: Duration = Field(timedelta(seconds=0.5), description="How often due rows are looked for.")
    drain_after: Duration = Field(
        timedelta(seconds=2),
        description="The sweeper does the work itself when a row has been due for this long.",
    )
    ready_lag: Duration = Field(
        timedelta(seconds=30), description="/readyz answers 503 when a row has been due for longer than this."
    )

    keep_comments_days: int | None = Field(
        None, ge=1, description="A comment is erased so long after it was approved or rejected; not set: never."
    )
    keep_traces_days: int | None = Field(
        30, ge=1, description="A comment's IP address, user agent and referrer are emptied after this; not set: never."
    )
    keep_events_days: int = Field(
        30, ge=7, description="What webhooks said, and every attempt to deliver it, is kept for this long."
    )
    keep_idempotency_hours: int = Field(24, ge=24, description="How long an `Idempotency-Key` is remembered.")
    keep_audit_days: int | None = Field(
        None,
        ge=1,
        description="Who changed a comment's status or a moderator's account, and when; no text, no author. Not set:"
        " for ever.",
    )

    console_session_idle: Duration = Field(timedelta(minutes=30), description="A moderator is logged out after this.")
    console_session_length: Duration = Field(timedelta(hours=12), description="… and after this in any case.")
    second_factor: Literal["optional", "admins", "all"] = Field(
        "optional",
        description="Who must have a second factor to use the console: nobody, those who are admins at a site, or all"
        " moderators. Who has none is led to the page that sets it up.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "console"] = "json"

    @field_validator("mail_from")
    @classmethod
    def _mail_has_a_sender(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("smtp_url"):
            raise ValueError("must be set when GATEPOST_SMTP_URL is")
        if value is not None and not (value.isprintable() and "@" in parseaddr(value)[1]):
            raise ValueError("must be an address, in one line")
        return value

    @property
    def embedded(self) -> bool:
        return self.redis_url is None
