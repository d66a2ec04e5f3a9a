"""The gateway's settings: read from LANGQIAO_GATEWAY_… by `main` alone, handed to `create_app`."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from schemas.trust.follows import MOST_KEYS
from schemas.wire.tls import TlsSettings

Division = Annotated[str, StringConstraints(pattern=r"^\d{6}$")]
Address = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/?#]+$")]
Count = Annotated[int, Field(ge=1)]


class Settings(TlsSettings, BaseSettings):
    """One gateway's settings. Every field says its unit, and why its default is what it is."""

    # An env file lists every setting; a line left empty there is not set.
    model_config = SettingsConfigDict(
        env_prefix="LANGQIAO_GATEWAY_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    # Who this is, and whom it asks
    division: Division = Field(
        description="Division whose departments are asked, 6-digit GB/T 2260 code; no default: it must be meant."
    )
    node: str = Field(
        "", description="Node id; empty: <division>.gateway, which is unique while one gateway runs each."
    )
    nodes: tuple[Address, ...] = Field(
        description="Addresses of the nodes, a JSON list of http(s)://host:port; of two that claim the same "
        "records the one named first keeps them. No default: it must be meant."
    )
    node_ids: dict[Address, str] = Field(
        {},
        description="Which node stands at which of these addresses, JSON: address -> node id; one that calls itself"
        " otherwise is not asked. Unset: each is taken at its word.",
    )
    catalogue_file: Path | None = Field(
        None,
        description="File that keeps the nodes' last catalogues (never records), so that a restart forgets no node "
        "that is away; unset: a node is known once it has answered.",
    )
    refresh_seconds: Count = Field(
        2, description="How often each node's catalogue is asked for, in seconds: an unchanged one costs 304."
    )
    refresh_timeout_ms: Count = Field(
        2_000, description="Longest that a node's catalogue may take, in ms; the one known before stays."
    )
    start_patience_seconds: Count = Field(
        30,
        description="How long after its start the gateway waits for every node before it says that it is ready, in s.",
    )

    # The member registry, which is handed on to the nodes
    authority_keys: dict[str, str] = Field(
        {},
        description="Public keys that may sign the registry, JSON: key id -> hex; empty: none is taken, nor handed on.",
    )
    registry_file: Path | None = Field(
        None,
        description="File that keeps the registry taken last, with the last word on it, so that a restart hands it on;"
        " unset: it must be brought anew.",
    )

    require_messages: bool = Field(
        True,
        description="Whether each call that bears a token must be a message that its own system, or a gateway, signed"
        " for this gateway, and counts once; off lets in clients that cannot sign, and whoever comes by their tokens.",
    )

    # Calls to nodes
    key_file: Path | None = Field(
        None,
        description="PEM of the gateway's own key, which the registry lists with the role gateway: it signs each call"
        " to a node; unset: nodes refuse the calls of members.",
    )
    connections_per_node: Count = Field(
        64, description="Most connections to one node: what a department's service can work on at a time."
    )
    calls_per_node: Count = Field(
        4,
        description="Most calls of one question to one node at a time: no question takes a node for itself.",
    )
    join_keys: Annotated[int, Field(ge=1, le=MOST_KEYS)] = Field(
        200, description="Keys in one call of a join: 100 to 500 suit an index, and the body stays small."
    )
    seal_keys: bool = Field(
        True,
        description="Whether the join keys of personal items pass sealed, by keys that departments alone hold; off only"
        " while departments have none, and do not require it.",
    )
    start_keys: Annotated[int, Field(ge=1, le=5_000)] = Field(
        2_000, description="Most keys with which a plan may start from an embed: one list in one call."
    )
    max_node_bytes: Count = Field(
        64 * 1024 * 1024, description="Largest answer taken from a node, in bytes; a larger one is faulty."
    )
    reserve_percent: Annotated[int, Field(ge=0, le=90)] = Field(
        15, description="Share of the deadline that is kept for merging and answering, in percent."
    )
    hop_limit: Count = Field(
        8, description="Most gateways that a question may pass: four levels of government, twice."
    )

    # Answers
    deadline_ms: Count = Field(
        10_000,
        description="Longest that a call may take when the caller names no deadline, in ms; also the ceiling.",
    )
    max_rows: Count = Field(
        10_000, description="Most records in one answer; a cursor leads on. Bounds a call's time."
    )
    walk_rows: Count = Field(
        1_000, description="Records asked of a node at a time when an embed decides which of them stay."
    )
    cost_limit: Count = Field(
        200_000,
        description="Most records that one question may fetch from all nodes, or show: about 200 MB of memory.",
    )
    max_body_bytes: Count = Field(
        1024 * 1024, description="Largest request body, in bytes: 10,000 keys fit well."
    )
    max_keys: Count = Field(10_000, description="Most keys in one lookup, as at every node.")
    cursor_seconds: Count = Field(
        900, description="How long a cursor stays good, in seconds: as long as the nodes' own."
    )
    cursor_key_file: Path | None = Field(
        None,
        description="File of at least 32 secret bytes that seal cursors; unset: made anew at each start.",
    )

    # Serving
    host: str = Field("127.0.0.1", description="Address to listen on; loopback unless meant otherwise.")
    port: int = Field(
        8000, ge=0, le=65535, description="Port to listen on; 8000, beside the departments' 8100."
    )

    @field_validator("node_ids")
    @classmethod
    def _named_nodes_are_asked(cls, named: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        if stray := sorted(named.keys() - set(info.data.get("nodes", named))):
            raise ValueError(f"not among nodes: {', '.join(stray)}")
        return named

    @property
    def node_id(self) -> str:
        return self.node or f"{self.division}.gateway"
