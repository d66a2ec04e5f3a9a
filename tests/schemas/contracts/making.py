"""A small contract for tests, as YAML text that a case edits, and as a value that a case changes."""

from typing import Any

from schemas.contracts.document import parse
from schemas.contracts.load import load
from schemas.contracts.model import Contract

SOURCE = "boats.v1.odcs.yaml"
TEXT = """\
apiVersion: v3.1.0
kind: DataContract
id: urn:langqiao:contract:harbour.boats:1
name: Boats
version: 1.2.0
status: active
domain: harbour
description:
  purpose: 船舶登记
  usage: 仅用于载明的用途
authoritativeDefinitions:
  - {type: law, description: 船舶登记条例}
slaProperties:
  - {property: frequency, value: daily}
  - {property: availability, value: "99%"}
  - {property: retention, value: P3Y}
customProperties:
  - {property: titleEn, value: Boats}
  - {property: provider, value: 港务局}
  - {property: sourceDepartment, value: 港务局}
  - {property: format, value: database record}
  - {property: sharingMode, value: service interface}
  - {property: grade, value: L2}
  - {property: keyPublic, value: true}
  - {property: partitions, value: 4}
  - {property: subjects, value: [owner_id]}
  - {property: divisionItem, value: division}
  - {property: eventTimeItem, value: registered_on}
  - {property: sharing, value: {class: unconditional}}
schema:
  - name: boats
    businessName: 船舶
    relationships:
      - from: boats.owner_id
        to: police.people.id_number
        customProperties:
          - {property: name, value: owner}
          - {property: cardinality, value: one}
          - {property: reverse, value: boats}
          - {property: reverseCardinality, value: many}
    properties:
      - name: number
        businessName: 船号
        logicalType: string
        logicalTypeOptions: {maxLength: 12}
        primaryKey: true
        primaryKeyPosition: 1
        unique: true
        customProperties:
          - {property: open, value: 船舶登记条例 第四条}
      - name: owner_id
        businessName: 船主
        logicalType: string
        logicalTypeOptions: {format: id-number}
        customProperties:
          - {property: personal, value: true}
          - {property: sharing, value: {class: conditional, scope: 本市, purpose: 核验}}
      - name: kind
        businessName: 船型
        logicalType: string
        required: true
        customProperties:
          - {property: values, value: [sail, motor]}
      - name: division
        businessName: 船籍港
        logicalType: string
        logicalTypeOptions: {format: division}
      - name: tonnage
        businessName: 吨位
        logicalType: number
        customProperties:
          - {property: scale, value: 3}
      - name: registered_on
        businessName: 登记日期
        logicalType: date
        customProperties:
          - {property: open, value: 船舶登记条例 第四条}
      - name: remark
        businessName: 备注
        logicalType: string
        customProperties:
          - {property: notFilterable, value: 长文本}
          - {property: sharing, value: {class: withheld, reason: 内部, legalBasis: 条例 第九条}}
"""


def edited(*edits: tuple[str, str]) -> str:
    """The text with each first text replaced by its second; an edit that meets nothing is a fault of the case."""
    text = TEXT
    for old, new in edits:
        assert old in text, f"the contract has no {old!r}"
        text = text.replace(old, new, 1)
    return text


def contract(*edits: tuple[str, str]) -> Contract:
    """The contract of the edited text."""
    return load(parse(edited(*edits), SOURCE))


def content() -> dict[str, Any]:
    """The document as it travels."""
    return dict(parse(TEXT, SOURCE).content)
