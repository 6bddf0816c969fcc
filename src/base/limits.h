// Every limit that is not an option, in one place. Sizes in bytes unless the name says otherwise.
#pragma once

#include <chrono>
#include <cstddef>

namespace base::limits {

using namespace std::chrono_literals;

inline constexpr std::size_t KiB = 1024;
inline constexpr std::size_t MiB = 1024 * KiB;

// JSON from anywhere.
inline constexpr std::size_t json_depth_max = 256;
inline constexpr std::size_t json_values_max = 4'000'000;  // 16 bytes of memory each, against 2 bytes of text

// Client requests.
inline constexpr std::size_t request_headers_max = 64 * KiB;
inline constexpr std::size_t request_id_max = 128;
inline constexpr std::size_t model_name_max = 512;

// Replies of an instance, after opening.
inline constexpr std::size_t reply_max = 64 * MiB;               // a whole reply, decompressed
inline constexpr std::size_t sealed_reply_max = 32 * MiB;        // the same, as it crosses the wire
inline constexpr std::size_t stream_event_max = 16 * MiB;        // one event of a stream, outer or inner
inline constexpr std::size_t stream_clear_event_max = 64 * KiB;  // one event of the outer stream that is not sealed
inline constexpr std::size_t stream_chunks_max = 1 << 20;        // sealed pieces of a stream: 12 bytes each are remembered
inline constexpr std::size_t stream_choices_max = 4096;
inline constexpr std::size_t reply_tool_calls_max = 1024;
inline constexpr std::size_t reply_segments_max = 4096;  // blocks or items of one reply
inline constexpr std::size_t tool_name_max = 512;        // of an instance's tool calls: name and id
inline constexpr auto stream_end_wait = 2s;              // from the inner [DONE] to the end of the outer stream

// Replies of the relay in clear.
inline constexpr std::size_t models_reply_max = 16 * MiB;
inline constexpr std::size_t discovery_reply_max = 1 * MiB;
inline constexpr std::size_t error_reply_max = 64 * KiB;
inline constexpr std::size_t error_message_max = 8 * KiB;  // of what an upstream error says, as handed on
inline constexpr std::size_t upstream_headers_max = 64 * KiB;

// Discovery.
inline constexpr std::size_t catalogue_models_max = 20'000;
inline constexpr std::size_t instances_per_reply_max = 64;
inline constexpr std::size_t nonces_per_instance_max = 64;
inline constexpr std::size_t pools_max = 10'000;
inline constexpr std::size_t instances_per_pool_max = 256;
inline constexpr std::size_t nonces_per_pool_max = 2048;
inline constexpr std::size_t conversations_max = 100'000;
inline constexpr std::size_t credentials_max = 10'000;
inline constexpr auto nonce_margin = 5s;
inline constexpr auto catalogue_ttl = 300s;

inline constexpr auto models_wait = 30s;        // for one model list or alias list
inline constexpr auto discovery_wait = 30s;     // for one discovery
inline constexpr int discovery_rounds_max = 3;  // fetches one request waits for before it gives up
inline constexpr auto key_kept_for = 10min;     // a caller's key, for fetches ahead of need

inline constexpr auto error_reply_wait = 10s;

// Larger bodies are compressed and sealed off the event loop.
inline constexpr std::size_t seal_on_loop_max = 128 * KiB;

// Attempts for one request.
inline constexpr int attempts_max = 3;

// The client's status line waits this long for the first decrypted event, then the stream starts with keep-alives.
inline constexpr auto first_event_wait = 10s;
inline constexpr auto keepalive_interval = 10s;

}  // namespace base::limits
