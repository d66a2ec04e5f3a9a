"""The settings of a department's two processes, service and relay: read from LANGQIAO_… by their `main`s alone."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.engine.grants_settings import GrantsSettings
from services.engine.trust_settings import TrustSettings

Division = Annotated[str, StringConstraints(pattern=r"^\d{6}$")]
Kind = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Count = Annotated[int, Field(ge=1)]


class Settings(GrantsSettings, TrustSettings, BaseSettings):
    """One department's settings. Every field says its unit, and why its default is what it is."""

    # An env file lists every setting; a line left empty there is not set.
    model_config = SettingsConfigDict(
        env_prefix="LANGQIAO_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    # Who this is
    kind: Kind = Field(
        description="Kind of department, as its folder is named; no default: it must be meant."
    )
    division: Division = Field(
        description="Division served, 6-digit GB/T 2260 code; no default: it must be meant."
    )
    node: str = Field(
        "", description="Node id; empty: <division>.<kind>, which is unique while one service runs each."
    )
    coverage: tuple[Division, ...] = Field(
        (), description="Divisions whose records are kept here, a JSON list; empty: the division alone."
    )
    copy_of: str | None = Field(
        None,
        description="Node whose records these are copies of; unset: authoritative. Copies never join a fan-out.",
    )
    environment: str = Field(
        "dev",
        pattern=r"^[a-z0-9_]+$",
        description="First part of topic names, so that two bridges can share a broker.",
    )
    contracts_dir: Path | None = Field(
        None,
        description="Folder of contract files, one folder a kind; unset: those of the installed package.",
    )

    # The department's database
    database_url: SecretStr = Field(
        description="Department's database: sqlite:///file or postgresql://…; no default: it must be meant."
    )
    statement_budget_ms: Count = Field(
        5_000,
        description="Longest that one statement may run, in ms: past it a question counts as too costly.",
    )
    database_connections: Count = Field(
        8,
        description="Statements run at a time, each on a connection or a thread of its own; the rest wait.",
    )
    attach: bool = Field(
        True,
        description="Whether the service puts its own tables and triggers in place at start; off where a"
        " database administrator does it by `langqiao department attach`.",
    )
    cost_limit: Count = Field(
        1_000_000,
        description="Most records that a question may touch by estimate: about a second of a database.",
    )
    estimate_seconds: Count = Field(
        10,
        description="How long a record count serves for estimates, in seconds: costs need only the magnitude.",
    )

    # Answers
    max_rows: Count = Field(
        10_000, description="Most rows in one answer; a cursor leads on. Bounds a call's time."
    )
    page_rows: Count = Field(
        1_000,
        description="Rows read from the database at a time: a walk of short statements, no open transaction.",
    )
    max_answer_bytes: Count = Field(
        8 * 1024 * 1024,
        description="Bytes after which an answer ends early with a cursor: bounds memory per call.",
    )
    max_body_bytes: Count = Field(
        1024 * 1024, description="Largest request body, in bytes: 10,000 keys fit well."
    )
    max_keys: Count = Field(
        10_000, description="Most keys in one lookup: a minute's work at the slowest source."
    )
    deadline_ms: Count = Field(
        30_000,
        description="Longest that a call may take when the caller names no deadline, in ms; also the ceiling.",
    )
    cursor_seconds: Count = Field(
        900, description="How long a cursor stays good, in seconds: a coffee, not a day."
    )

    # Trust
    registry_file: Path | None = Field(
        None,
        description="Signed member registry to begin with; unset: nobody is a member until one is brought, and only"
        " anonymous calls pass.",
    )
    registry_folder: Path | None = Field(
        None,
        description="Folder of the registries that came, kept; unset: registry/<node id> beside the pseudonym key.",
    )
    registry_word_seconds: Count = Field(
        3_600,
        description="Longest without a word that the registry is the newest, in s: who was removed may still ask.",
    )
    follow_registry: bool = Field(
        True,
        description="Whether it follows <environment>.registry at the broker; off where gateways alone bring it.",
    )
    grants_file: Path | None = Field(
        None, description="Signed grants; unset: there are none, conditional items stay."
    )
    authority_keys: dict[str, str] = Field(
        {},
        description="Public keys that may sign registry and grants, JSON: key id -> hex; empty: nobody may.",
    )
    pseudonym_key_file: Path = Field(
        description="File of at least 32 secret bytes that make record ids, which service and relay share; `langqiao"
        " keys rotate pseudonym` lets others follow, and it is taken up anew when it changes."
    )
    cursor_key_file: Path | None = Field(
        None,
        description="File of at least 32 secret bytes that seal cursors; unset: made anew at each start.",
    )
    require_messages: bool = Field(
        True,
        description="Whether a call that bears a token must be a signed message, so that none is altered, sent"
        " elsewhere or sent twice; off only where clients that cannot sign call this node directly.",
    )
    require_cases: bool = Field(
        True,
        description="Whether a purpose case:… counts with the signed reference of that case alone; off only where those"
        " who ask keep no cases that could be referred to.",
    )
    require_questions: bool = Field(
        True, description="Whether a gateway gets conditional personal items for a signed question alone."
    )
    token_cache: Count = Field(
        10_000, description="Checked tokens remembered: a check costs more than a read."
    )

    # Access log
    log_folder: Path | None = Field(
        None,
        description="Folder of the access log, on a disk that keeps what it was told to; unset:"
        " access-log/<node id> beside the pseudonym key.",
    )
    log_key_file: Path | None = Field(
        None,
        description="File of at least 32 secret bytes that make the log's pseudonyms, of several as after a rotation;"
        " unset: they follow from the pseudonym keys.",
    )
    node_key_file: Path | None = Field(
        None,
        description="PEM of the node's own key, which the registry lists as system <node id>/node; unset: answers bear"
        " no receipts, and others hold no checkpoints.",
    )
    log_keep_days: int = Field(
        1_096,
        ge=1_096,
        description="How long entries are kept, in days: three years are the least that the regulation asks.",
    )
    log_checkpoint_seconds: Count = Field(
        60,
        description="How often it is signed where the log stands, in seconds, while it grows: a minute's doubt.",
    )
    log_checkpoint_entries: Count = Field(
        10_000, description="After how many entries it is signed at once: what one moment may leave in doubt."
    )
    witnesses: tuple[str, ...] = Field(
        (),
        description="Base URLs of other members' nodes that are to hold this log's checkpoints, a JSON list; two at"
        " least make a past that is written anew show.",
    )

    # Serving
    host: str = Field("127.0.0.1", description="Address to listen on; loopback unless meant otherwise.")
    port: int = Field(8100, ge=0, le=65535, description="Port to listen on.")
    check_seconds: Count = Field(
        1, description="How often /health's checks run, in seconds: one bad minute shows."
    )

    # Publishing
    bootstrap_servers: str = Field("127.0.0.1:9092", description="Kafka addresses, comma-separated.")
    broker_ca_file: Path | None = Field(
        None,
        description="PEM of the authorities that vouch for the broker; unset: the machine's own, or plain text"
        " where no certificate is set either.",
    )
    broker_certificate_file: Path | None = Field(
        None,
        description="PEM of the relay's own certificate, whose name is the department's id; unset: none is shown.",
    )
    broker_key_file: Path | None = Field(
        None, description="PEM of that certificate's private key, without a pass phrase; set with it."
    )
    sign_events: bool = Field(False, description="Whether each event is signed; off: about 0.1 ms an event.")
    create_topics: bool = Field(
        False,
        description="Whether the relay makes missing topics; off, as in production an operator's plan does.",
    )
    replication_factor: Count = Field(
        1, description="Replicas of topics that the relay makes; 3 on a real cluster."
    )
    outbox_limit: Count = Field(
        1_000_000,
        description="Unsent changes kept whole; beyond, one mark per record is kept, so disks never fill.",
    )
    outbox_keep_seconds: Count = Field(
        600,
        description="How long sent changes are kept, in seconds, to be sent again if the broker lost them: ten looks.",
    )
    broker_check_seconds: Count = Field(
        60,
        description="How often the relay looks whether the broker still holds what it acknowledged, in seconds.",
    )
    settle_ms: int = Field(
        0,
        ge=0,
        description="How long a delete waits for its record to come again, in ms; 0: not. Longer than a nightly"
        " reload takes, where that deletes and inserts in transactions of its own.",
    )
    hold_deletes: Count = Field(
        1_000,
        description="More deletes of one dataset at a time than this wait for a person: they may be a mistake.",
    )
    reconcile_hours: int = Field(
        24,
        ge=0,
        description="How often the relay compares each table with its topics, in hours; 0: only when it must.",
    )
    relay_batch: Count = Field(
        500, description="Changes that the relay sends at a time: one round trip's worth."
    )
    relay_poll_ms: Count = Field(
        10, description="How often the relay looks for changes, in ms: p50 delay is half."
    )
    lease_seconds: Count = Field(
        10, description="How long a relay's lease lasts, in seconds: a second relay takes over after that."
    )

    @property
    def node_id(self) -> str:
        return self.node or self.department

    @property
    def department(self) -> str:
        """The department's id, which is also its member id."""
        return f"{self.division}.{self.kind}"

    @property
    def access_log(self) -> Path:
        """The folder of the access log."""
        return self.log_folder or self.pseudonym_key_file.parent / "access-log" / self.node_id

    @property
    def kept_registries(self) -> Path:
        """The folder of the registries that came."""
        return self.registry_folder or self.pseudonym_key_file.parent / "registry" / self.node_id

    @property
    def covers(self) -> tuple[str, ...]:
        return self.coverage or (self.division,)
