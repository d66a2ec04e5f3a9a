"""The settings of the operator's commands, `langqiao topics` and `langqiao acls`: read from LANGQIAO_OPERATOR_…."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Department = Annotated[str, StringConstraints(pattern=r"^\d{6}\.[a-z][a-z0-9_]*$")]


class Operator(BaseSettings):
    """What an operator knows of a bridge at its broker. Every field says its unit, and why its default is so."""

    # An env file lists every setting; a line left empty there is not set.
    model_config = SettingsConfigDict(
        env_prefix="LANGQIAO_OPERATOR_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    departments: tuple[Department, ...] = Field(
        min_length=1,
        description='Departments that publish here, a JSON list such as ["330203.taxation"]; no default: they must be'
        " meant.",
    )
    environment: str = Field(
        pattern=r"^[a-z0-9_]+$",
        description="First part of topic names, as at the departments; no default: rights under it are taken away too.",
    )
    contracts_dir: Path | None = Field(
        None,
        description="Folder of contract files, one folder a kind; unset: those of the installed package.",
    )

    # The broker
    bootstrap_servers: str = Field("127.0.0.1:9092", description="Kafka addresses, comma-separated.")
    broker_ca_file: Path | None = Field(
        None,
        description="PEM of the authorities that vouch for the broker; unset: the machine's own, or plain text"
        " where no certificate is set either.",
    )
    broker_certificate_file: Path | None = Field(
        None,
        description="PEM of the operator's certificate, whose name is a super user's; unset: none is shown.",
    )
    broker_key_file: Path | None = Field(
        None, description="PEM of that certificate's private key, without a pass phrase; set with it."
    )
    replication_factor: int = Field(
        3,
        ge=1,
        description="Replicas of each topic: with three, one broker may be away while events are written.",
    )

    # Who may read
    registry_file: Path | None = Field(
        None,
        description="Signed member registry; unset, and registry_folder too: nobody is a member, and reads public"
        " topics alone.",
    )
    registry_folder: Path | None = Field(
        None,
        description="Folder of the member registries that came by the registry's topic: `langqiao acls sync` takes them"
        " up as departments do, and the newest of these and registry_file counts; unset: that file alone.",
    )
    grants_files: dict[Department, Path] = Field(
        {},
        description="Signed grants that departments honour, JSON: department -> file; those of one left out are what"
        " the office of grants_from issues, and without that it has given none.",
    )
    grants_from: str | None = Field(
        None,
        description="Base URL of the office that issues grants, asked each time by the system of profile_file; unset:"
        " they are what grants_files says.",
    )
    profile_file: Path | None = Field(
        None,
        description="Profile of a system of the office's own member, as `langqiao keys new` makes it; set with"
        " grants_from.",
    )
    grants_folder: Path | None = Field(
        None,
        validate_default=True,
        description="Folder of the grants that came of the office, which count until they expire while it is away; set"
        " with grants_from.",
    )
    authority_keys: dict[str, str] = Field(
        {},
        description="Public keys that may sign registry and grants, JSON: key id -> hex; empty: nobody may.",
    )

    @field_validator("grants_folder")
    @classmethod
    def _together(cls, folder: Path | None, said: ValidationInfo) -> Path | None:
        if (
            len(
                {one is None for one in (folder, said.data.get("grants_from"), said.data.get("profile_file"))}
            )
            > 1
        ):
            raise ValueError("grants_from, profile_file and grants_folder come together")
        return folder
