// `demo`: what crosses the wire, shown side by side. Needs no key and no network: the relay and the instances are simulated.
#include "cli/commands.h"
#include "cli/process.h"
#include "json/json.h"

#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cli {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view key = "cpk_demo_0123456789";

struct Scene {
    std::string_view title;
    std::string_view path;
    std::string_view body;
};

constexpr Scene scenes[] = {
    {"OpenAI chat completion", "/v1/chat/completions",
     R"({"model":"deepseek-ai/DeepSeek-V3.1-TEE","messages":[{"role":"user","content":"Which medicine did I ask about?"}]})"},
    {"OpenAI chat completion, streamed", "/v1/chat/completions",
     R"({"model":"deepseek-ai/DeepSeek-V3.1-TEE","stream":true,"messages":[{"role":"user","content":"Draft my resignation."}]})"},
    {"Claude Messages", "/v1/messages",
     R"({"model":"deepseek-ai/DeepSeek-V3.1-TEE","max_tokens":64,"messages":[{"role":"user","content":"Read my contract."}]})"},
    {"OpenAI Responses", "/v1/responses", R"({"model":"deepseek-ai/DeepSeek-V3.1-TEE","input":"Summarise my diary."})"},
};

// --- how it looks ---------------------------------------------------------------------------------------------------

constexpr std::size_t width = 110;

void heading(std::string_view text) {
    std::printf("\n\x1b[1m=== %.*s\x1b[0m\n", static_cast<int>(text.size()), text.data());
}
void label(std::string_view text) {
    std::printf("\n\x1b[36m%.*s\x1b[0m\n", static_cast<int>(text.size()), text.data());
}

// Text broken at the terminal's width, indented.
void show(std::string_view text) {
    while (!text.empty()) {
        const std::size_t line = std::min(text.find('\n'), text.size());
        std::string_view rest = text.substr(0, line);
        do {
            const std::string_view piece = rest.substr(0, width);
            std::printf("    %.*s\n", static_cast<int>(piece.size()), piece.data());
            rest.remove_prefix(piece.size());
        } while (!rest.empty());
        text.remove_prefix(std::min(line + 1, text.size()));
    }
}

bool interesting(std::string_view name) {
    return name == "authorization" || name == "content-type" || name.starts_with("x-");
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return out;
}

// --- the parties ----------------------------------------------------------------------------------------------------

// A folder that goes when the demo does.
class Scratch {
public:
    Scratch() {
        std::string name = (std::filesystem::temp_directory_path() / "e2ee-demo-XXXXXX").string();
        if (::mkdtemp(name.data()) != nullptr) path_ = name;
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() {
        std::error_code ignored;
        if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
    [[nodiscard]] bool usable() const { return !path_.empty(); }

private:
    std::string path_;
};

struct Ports {
    std::string relay;
    std::string admin;
};

std::optional<Ports> ports_in(const std::string& line) {
    const auto document = json::parse(line);
    if (!document) return std::nullopt;
    const auto tls = document->root()["tls"].as_integer();
    const auto admin = document->root()["admin"].as_integer();
    if (!tls || !admin) return std::nullopt;
    return Ports{std::to_string(*tls), std::to_string(*admin)};
}

std::optional<std::string> port_in(const std::string& line) {
    const auto end = line.rfind('"');
    const auto colon = line.rfind(':', end);
    if (end == std::string::npos || colon == std::string::npos) return std::nullopt;
    return line.substr(colon + 1, end - colon - 1);
}

std::optional<std::string> curl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"-sS", "--max-time", "20"});
    auto process = Process::start({.program = "curl", .arguments = std::move(arguments), .environment = {}});
    if (!process) return std::nullopt;
    std::string output = process->read_all();
    return process->wait() == 0 ? std::optional(output) : std::nullopt;
}

class Stage {
public:
    Stage(std::string proxy_port, std::string admin_port, std::string ca)
        : proxy_("https://localhost:" + std::move(proxy_port)),
          admin_("http://127.0.0.1:" + std::move(admin_port)),
          ca_(std::move(ca)) {}

    // Plays one scene; false if it did not go as it should.
    [[nodiscard]] bool play(const Scene& scene) const {
        heading(scene.title);
        label("what your program sends to the proxy on this machine, over TLS");
        show("curl " + proxy_ + std::string(scene.path) + " -H 'Authorization: Bearer " + std::string(key) + "' \\\n  -d '" +
             std::string(scene.body) + "'");
        const auto reply = curl({"--fail-with-body", "--cacert", ca_, proxy_ + std::string(scene.path), "-H",
                                 "Authorization: Bearer " + std::string(key), "-H", "Content-Type: application/json", "-d",
                                 std::string(scene.body)});
        const auto seen = curl({admin_ + "/log?kind=invoke"});
        if (!reply || !seen || !show_invocation(*seen)) {
            std::printf("the request failed: %s\n", reply ? reply->c_str() : "no reply");
            return false;
        }
        label("what your program gets back");
        show(*reply);
        return true;
    }

private:
    // The newest entry of the simulator's log.
    static bool show_invocation(const std::string& log) {
        const auto document = json::parse(log);
        if (!document) return false;
        json::Value entry;
        for (const json::Value each : document->root()["entries"].elements()) entry = each;
        const auto opened = entry["opened"].as_string();
        const auto envelope = entry["envelope_hex"].as_string();
        if (!opened || !envelope) return false;
        label("what the relay sees: which model and which instance, who pays, and ciphertext");
        show("POST /e2e/invoke");
        for (const json::Value header : entry["headers"].elements()) show_header(header);
        show(std::string(envelope->substr(0, 4 * width)) + "... (" +
             std::string(entry["body_size"].as_number_text().value_or("?")) + " bytes)");
        label("what the instance opened, inside its confidential machine");
        show(shortened(*opened));
        label("what the relay sees of the reply");
        const auto wire = entry["reply_wire"].as_string();  // of a reply in one piece: bytes, as base64
        show(std::string((wire ? *wire : entry["reply_wire_base64"].as_string().value_or("")).substr(0, 3 * width)) + "...");
        return true;
    }

    // A header as the simulator logs it: ["name", "value"].
    static void show_header(json::Value header) {
        std::vector<std::string_view> parts;
        for (const json::Value part : header.elements()) parts.push_back(part.as_string().value_or(""));
        if (parts.size() == 2 && interesting(lower(parts[0]))) show(std::string(parts[0]) + ": " + std::string(parts[1]));
    }

    // The one-time response key is 1.5 kB of base64 at the end of the body.
    static std::string shortened(std::string_view opened) {
        constexpr std::size_t shown = 700;
        return opened.size() <= shown
                   ? std::string(opened)
                   : std::string(opened.substr(0, shown - 40)) + "..." + std::string(opened.substr(opened.size() - 10));
    }

    std::string proxy_;
    std::string admin_;
    std::string ca_;
};

int problem(std::string_view what) {
    std::fprintf(stderr, "e2ee-proxy demo: %.*s\n", static_cast<int>(what.size()), what.data());
    return 1;
}

}  // namespace

int demo() {
    const Scratch scratch;
    if (!scratch.usable()) return problem("no temporary folder could be made");
    const std::string folder = own_folder();
    const std::string relay_ca = scratch.file("relay-ca.pem");
    auto relay = Process::start({.program = folder + "/e2ee-sim", .arguments = {"--write-ca", relay_ca}, .environment = {}});
    if (!relay) return problem(relay.error().detail + " (it is built beside this program by `make`)");
    const auto announced = relay->wait_for_line("\"tls\"", 10s);
    const auto ports = announced ? ports_in(*announced) : std::nullopt;
    if (!ports) return problem("the simulated relay did not start");

    const std::string upstream = "https://localhost:" + ports->relay;
    const std::string ca = scratch.file("proxy-ca.pem");
    auto proxy = Process::start({.program = folder + "/e2ee-proxy",
                                 .arguments = {"serve", "--listen", "127.0.0.1:0", "--tls-self-signed", "--ca-file", ca},
                                 .environment = {"CHUTES_UPSTREAM=" + upstream, "CHUTES_E2E_UPSTREAM=" + upstream,
                                                 "SSL_CERT_FILE=" + relay_ca, "HTTPS_PROXY="}});
    if (!proxy) return problem(proxy.error().detail);
    const auto listening = proxy->wait_for_line("kind=\"https\"", 10s);
    const auto port = listening ? port_in(*listening) : std::nullopt;
    if (!port) return problem("the proxy did not start: " + proxy->read_all());

    const Stage stage(*port, ports->admin, ca);
    for (const Scene& scene : scenes) {
        if (!stage.play(scene)) return problem("a request failed: " + proxy->wait_for_line("problem", 1s).value_or(""));
    }
    std::puts("\nThe relay saw the model, the instance, the key, sizes and times, but never a word of these conversations.");
    return 0;
}

}  // namespace cli
