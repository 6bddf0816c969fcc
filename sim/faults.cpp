#include "sim/faults.h"

#include <algorithm>

namespace sim {
namespace {

using enum Stage;

// Where each is done: connect in connection.h, refusals in refusals.cpp, wire and forgery in plan.cpp, discovery and models in
// directory.cpp. docs/simulator.md shows this table.
constexpr FaultInfo table[] = {
    {"connect_reset", connect, Shape::any, "RST as soon as the connection is accepted"},
    {"connect_close", connect, Shape::any, "FIN as soon as the connection is accepted"},
    {"connect_stall", connect, Shape::any, "accepted, then silence: no TLS handshake"},
    {"connect_garbage", connect, Shape::any, "something that is neither TLS nor HTTP, then FIN"},

    {"models_500", models, Shape::any, "500"},
    {"models_401", models, Shape::any, "401"},
    {"models_html_502", models, Shape::any, "502 with a front end's HTML"},
    {"models_malformed", models, Shape::any, "200 with broken JSON"},
    {"models_wrong_types", models, Shape::any, "200 with numbers for strings and the like"},
    {"models_crlf", models, Shape::any, "200, ids and chutes with CR LF and a header in them"},
    {"models_empty", models, Shape::any, "200 with an empty list"},
    {"models_huge", models, Shape::any, "200 with 40 MiB"},
    {"models_reset", models, Shape::any, "RST instead of a reply"},
    {"models_stall", models, Shape::any, "silence instead of a reply"},
    {"aliases_404", aliases, Shape::any, "404: there are none"},
    {"aliases_500", aliases, Shape::any, "500"},
    {"aliases_malformed", aliases, Shape::any, "200 with broken JSON"},
    {"aliases_stall", aliases, Shape::any, "silence instead of a reply"},

    {"discovery_401", discovery, Shape::any, "401"},
    {"discovery_404_chute", discovery, Shape::any, "404 Chute not found"},
    {"discovery_404_no_instances", discovery, Shape::any, "404 No active instances found for this chute"},
    {"discovery_404_no_e2e", discovery, Shape::any, "404 No E2E-capable instances available"},
    {"discovery_429", discovery, Shape::any, "429"},
    {"discovery_500", discovery, Shape::any, "500"},
    {"discovery_html_502", discovery, Shape::any, "502 with a front end's HTML"},
    {"discovery_malformed", discovery, Shape::any, "200 with broken JSON"},
    {"discovery_truncated", discovery, Shape::any, "Content-Length promises more than comes before FIN"},
    {"discovery_wrong_types", discovery, Shape::any, "200 with numbers for strings and the like"},
    {"discovery_huge", discovery, Shape::any, "200 with 40 MiB"},
    {"discovery_reset", discovery, Shape::any, "RST instead of a reply"},
    {"discovery_stall", discovery, Shape::any, "silence instead of a reply"},
    {"discovery_crawl", discovery, Shape::any, "a right reply, 64 bytes every 50 ms"},
    {"discovery_empty", discovery, Shape::any, "200 with no instance"},
    {"discovery_no_nonces", discovery, Shape::any, "200, instances without nonces"},
    {"discovery_crlf_id", discovery, Shape::any, "instance ids with CR LF and a header in them"},
    {"discovery_crlf_nonce", discovery, Shape::any, "nonces with CR LF and a header in them"},
    {"discovery_long_id", discovery, Shape::any, "instance ids of 100,000 characters"},
    {"discovery_key_short", discovery, Shape::any, "keys of 1183 bytes"},
    {"discovery_key_modulus", discovery, Shape::any, "keys that fail the modulus check of FIPS 203"},
    {"discovery_key_base64", discovery, Shape::any, "keys that are not base64"},
    {"discovery_one_bad_key", discovery, Shape::any, "the first instance's key fails the modulus check, the others are right"},
    {"discovery_wrong_key", discovery, Shape::any, "a well-formed key that no instance has"},
    {"discovery_dead_nonces", discovery, Shape::any, "nonces that the relay will refuse"},
    {"discovery_zero_ttl", discovery, Shape::any, "nonce_expires_in is 0"},
    {"discovery_other_chute", discovery, Shape::any, "instances of another chute"},
    {"discovery_repeats_nonces", discovery, Shape::any, "every instance's nonces twice in its list"},

    {"nonce_refused", invoke, Shape::any, "403 Invalid, expired, or already-used nonce"},
    {"instance_not_found", invoke, Shape::any, "404 Instance not found"},
    {"instance_gone", invoke, Shape::any, "410 Instance is no longer active"},
    {"instance_full", invoke, Shape::any, "429 Instance is at maximum capacity, try again later"},
    {"key_exchange", invoke, Shape::any, "502 Instance requires key exchange, try a different instance"},
    {"internal_error", invoke, Shape::any, "500 Internal error during E2E invocation"},
    {"wrong_chute", invoke, Shape::any, "400 Instance does not belong to the specified chute"},
    {"instance_status", invoke, Shape::any,
     "\"status\" (default 500), Instance returned status N; the instance opened the request"},
    {"path_not_public", invoke, Shape::any, "403 Instance returned status 403"},
    {"opaque_400", invoke, Shape::any, "400 with an opaque base64 detail: the model server refused"},
    {"unauthorized", invoke, Shape::any, "401"},
    {"payment_required", invoke, Shape::any, "402"},
    {"unprocessable", invoke, Shape::any, "422, detail is a list"},
    {"account_limit", invoke, Shape::any, "429 of the account, detail is an object"},
    {"disabled", invoke, Shape::any, "503 E2E invocation is disabled"},
    {"html_502", invoke, Shape::any, "502 with a front end's HTML"},
    {"html_200", invoke, Shape::any, "200 with a front end's HTML"},

    {"reset_before_status", invoke, Shape::any, "RST instead of a reply; the instance opened the request"},
    {"close_before_status", invoke, Shape::any, "FIN instead of a reply; the instance opened the request"},
    {"stall_before_status", invoke, Shape::any, "silence instead of a reply"},
    {"reset_after_headers", invoke, Shape::any, "RST after the headers"},
    {"stall_after_headers", invoke, Shape::any, "silence after the headers"},
    {"reset_mid_chunk", invoke, Shape::any, "RST inside a sealed chunk (of a blob: half-way)"},
    {"close_mid_chunk", invoke, Shape::any, "FIN inside a sealed chunk, HTTP framing broken off"},
    {"stall_mid_chunk", invoke, Shape::any, "silence inside a sealed chunk"},
    {"reset_after_init", invoke, Shape::stream, "RST after e2e_init"},
    {"stall_after_init", invoke, Shape::stream, "silence after e2e_init"},
    {"reset_mid_event", invoke, Shape::stream, "RST between two chunks of one inner event"},
    {"reset_mid_stream", invoke, Shape::stream, "RST between two inner events"},
    {"close_mid_stream", invoke, Shape::stream, "FIN between two inner events, HTTP framing broken off"},
    {"stall_mid_stream", invoke, Shape::stream, "silence between two inner events"},
    {"stall_before_done", invoke, Shape::stream, "silence before the inner [DONE]"},

    {"end_after_init", invoke, Shape::stream, "the outer stream ends in good order after e2e_init"},
    {"end_mid_stream", invoke, Shape::stream, "the outer stream ends in good order between two inner events"},
    {"end_mid_event", invoke, Shape::stream, "the outer stream ends in good order inside an inner event"},
    {"end_mid_chunk", invoke, Shape::stream, "the outer stream ends in good order inside a sealed chunk"},
    {"end_without_done", invoke, Shape::stream, "no inner [DONE]"},
    {"end_without_finish", invoke, Shape::stream, "no finish reason, but [DONE]"},
    {"end_with_neither", invoke, Shape::stream, "neither finish reason nor [DONE]"},
    {"empty_stream", invoke, Shape::stream, "no event at all"},

    {"wrong_tag", invoke, Shape::stream, "a chunk's tag is wrong"},
    {"bit_flip", invoke, Shape::stream, "a bit of a chunk's ciphertext is flipped"},
    {"replayed_chunk", invoke, Shape::stream, "a chunk comes twice"},
    {"reordered_chunks", invoke, Shape::stream, "two chunks are swapped (version 1 cannot tell)"},
    {"dropped_chunk", invoke, Shape::stream, "an event's chunks are missing (version 1 cannot tell)"},
    {"second_init", invoke, Shape::stream, "a second e2e_init"},
    {"chunk_before_init", invoke, Shape::stream, "a chunk before e2e_init"},
    {"no_init", invoke, Shape::stream, "no e2e_init"},
    {"short_init", invoke, Shape::stream, "e2e_init of 1087 bytes"},
    {"bad_base64", invoke, Shape::stream, "a chunk that is not base64"},
    {"short_chunk", invoke, Shape::stream, "a chunk shorter than nonce and tag"},
    {"wrong_type_chunk", invoke, Shape::stream, "{\"e2e\": 7}"},
    {"wrong_key", invoke, Shape::any, "sealed to another client's key"},
    {"clear_content", invoke, Shape::stream, "a clear-text event that looks like content, mid-stream"},
    {"clear_before_init", invoke, Shape::stream, "the same as the first event"},
    {"clear_error", invoke, Shape::stream, "a clear-text e2e_error mid-stream, then the end"},
    {"clear_error_first", invoke, Shape::stream, "a clear-text e2e_error as the only event"},
    {"clear_usage", invoke, Shape::stream, "clear-text usage events throughout"},
    {"clear_done_early", invoke, Shape::stream, "an outer [DONE] mid-stream, then the end"},
    {"clear_done_mid", invoke, Shape::stream, "an outer [DONE] mid-stream, then the rest"},
    {"clear_done_last", invoke, Shape::stream, "an outer [DONE] after the inner one"},
    {"data_after_done", invoke, Shape::stream, "sealed content after the inner [DONE]"},
    {"space_after_done", invoke, Shape::stream, "sealed white space after the inner [DONE] (legal)"},
    {"error_event", invoke, Shape::stream, "the model server's own error event, sealed, mid-stream"},
    {"huge_event", invoke, Shape::stream, "an inner event of 17 MiB in chunks of 64 KiB"},
    {"huge_chunk", invoke, Shape::stream, "an outer event of 23 MiB"},
    {"endless_line", invoke, Shape::stream, "an outer line that never ends"},
    {"stream_as_json", invoke, Shape::stream, "a blob where a stream was asked for"},

    {"blob_wrong_tag", invoke, Shape::blob, "the blob's tag is wrong"},
    {"blob_truncated", invoke, Shape::blob, "half of the blob, Content-Length to match"},
    {"blob_short", invoke, Shape::blob, "20 bytes"},
    {"blob_empty", invoke, Shape::blob, "no byte"},
    {"blob_trailing", invoke, Shape::blob, "a byte more"},
    {"blob_bomb", invoke, Shape::blob, "a gzip of 1 GiB"},
    {"blob_not_gzip", invoke, Shape::blob, "sealed, but not gzip"},
    {"blob_not_json", invoke, Shape::blob, "sealed and zipped, but not JSON"},
    {"blob_clear", invoke, Shape::blob, "the answer in clear text"},
};

}  // namespace

std::span<const FaultInfo> fault_table() {
    return table;
}

const FaultInfo* fault_named(std::string_view name) {
    const auto* found = std::ranges::find(table, name, &FaultInfo::name);
    return found == std::end(table) ? nullptr : found;
}

std::string_view stage_name(Stage stage) {
    switch (stage) {
        case connect:
            return "connect";
        case models:
            return "models";
        case aliases:
            return "aliases";
        case discovery:
            return "discovery";
        case invoke:
            return "invoke";
    }
    return "";
}

std::optional<Hit> Faults::strike(const Occasion& occasion, Random& random) {
    for (auto rule = rules_.begin(); rule != rules_.end(); ++rule) {
        const auto matches = [](const std::string& wanted, std::string_view given) {
            return wanted.empty() || wanted == given;
        };
        if (!matches(rule->chute, occasion.chute) || !matches(rule->instance, occasion.instance) ||
            !matches(rule->credential, occasion.credential)) {
            continue;
        }
        std::vector<const FaultInfo*> possible;
        std::ranges::copy_if(rule->choices, std::back_inserter(possible), [&](const FaultInfo* fault) {
            return fault->stage == occasion.stage &&
                   (fault->shape == Shape::any || occasion.shape == Shape::any || fault->shape == occasion.shape);
        });
        if (possible.empty()) continue;
        if (rule->skip > 0) {
            --rule->skip;
            continue;
        }
        if (rule->probability < 1 && !random.chance(rule->probability)) continue;
        const Hit hit{possible[random.below(possible.size())]->name, rule->at, rule->status};
        if (rule->left > 0 && --rule->left == 0) rules_.erase(rule);
        return hit;
    }
    return std::nullopt;
}

}  // namespace sim
