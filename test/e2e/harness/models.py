"""The simulator's models (docs/simulator.md) by what they are to the tests."""

PLAIN = "deepseek-ai/DeepSeek-V3.1-TEE"  # six instances, no thinking default
THINKS_BY_DEFAULT = "zai-org/GLM-4.7-TEE"
DOES_NOT_THINK_BY_DEFAULT = "XiaomiMiMo/MiMo-V2-Flash-TEE"
SINGLE = "sim/Single-TEE"  # one instance
SMALL_CONTEXT = "sim/Small-Context-TEE"  # 1000 tokens
EMBEDDING = "sim/Embedding-TEE"
WITHOUT_INSTANCES = "sim/No-Instances-TEE"
OPEN = "Qwen/Qwen3-32B"  # confidential_compute false
ONLY_LOOKS_CONFIDENTIAL = "sim/Only-Looks-TEE"  # "true", a string
SAYS_NOTHING = "sim/Unsaid"  # null
FAMILY = "sim/Family"  # a root of two models
FAMILY_NEWEST = "sim/Family-B-TEE"
ALIAS = "sim-fast"  # of PLAIN
ALIAS_OF_OPEN = "sim-open"
ALIAS_OF_TWO = "sim-either"
