"""The names of our HTTP headers and media types, in one place for gateway, nodes and clients."""

OFFICER = "langqiao-officer"
PURPOSE = "langqiao-purpose"
#: The signed reference of the open case that a call is for.
CASE = "langqiao-case"
QUESTION = "langqiao-question"
DEADLINE = "langqiao-deadline-ms"
HOPS = "langqiao-hops"
#: The node that a signed message is for.
NODE = "langqiao-node"
CONTRACT_VERSION = "contract-version"
#: Since when, and until when, what answered is still served: RFC 9745 and RFC 8594.
DEPRECATION = "deprecation"
SUNSET = "sunset"
NEXT = "langqiao-next"
#: The sources whose records are missing from a plain answer that was allowed to lack them: `node/path=state, …`, the
#: path percent-encoded.
MISSING = "langqiao-missing"
#: The node's signed word that the answer stands in its access log.
RECEIPT = "langqiao-receipt"
IDEMPOTENCY_KEY = "idempotency-key"

JSON = "application/json"
JOSE = "application/jose"
NDJSON = "application/x-ndjson"
#: A gateway's call with the caller's signed question beside what this node is asked.
SUBCALL = "application/vnd.langqiao.subcall+json"
OBJECT = "application/vnd.pgrst.object+json"
ANSWER = "application/vnd.langqiao.answer+json"
PLAN = "application/vnd.langqiao.plan+json"
