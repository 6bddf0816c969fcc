#include "base/base64.h"
#include "net/client.h"

#include <boost/asio/ip/address.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <charconv>

namespace net {
namespace {

using base::ErrorKind;
using base::fail;

std::string lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return result;
}

std::string_view trim(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
    return port;
}

bool is_address(const std::string& text) {
    boost::system::error_code error;
    asio::ip::make_address(text, error);
    return !error;
}

bool is_host_name(std::string_view text) {
    return !text.empty() && text.size() <= 253 && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_';
    });
}

struct HostPort {
    std::string host;
    std::optional<std::uint16_t> port;
};

// "host", "host:port", "[v6]", "[v6]:port"; a bare IPv6 address too.
std::optional<HostPort> parse_host_port(std::string_view text) {
    HostPort result;
    std::string_view port;
    if (text.starts_with('[')) {
        const auto close = text.find(']');
        if (close == std::string_view::npos) return std::nullopt;
        result.host = lower(text.substr(1, close - 1));
        if (!is_address(result.host)) return std::nullopt;
        port = text.substr(close + 1);
    } else {
        const auto colon = std::ranges::count(text, ':') == 1 ? text.find(':') : std::string_view::npos;
        result.host = lower(text.substr(0, colon));
        if (!is_host_name(result.host) && !is_address(result.host)) return std::nullopt;
        if (colon != std::string_view::npos) port = text.substr(colon);
    }
    if (port.empty()) return result;
    if (!port.starts_with(':')) return std::nullopt;
    result.port = parse_port(port.substr(1));
    if (!result.port) return std::nullopt;
    return result;
}

// The text after the scheme, without the one slash that means nothing.
std::string_view strip_slash(std::string_view text) {
    if (text.ends_with('/')) text.remove_suffix(1);
    return text;
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            result.push_back(text[i]);
            continue;
        }
        unsigned char byte = 0;
        const auto digits = text.substr(i + 1, 2);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
        if (digits.size() != 2 || error != std::errc{} || end != digits.data() + 2) return std::nullopt;
        result.push_back(static_cast<char>(byte));
        i += 2;
    }
    return result;
}

}  // namespace

base::Result<Origin> parse_origin(std::string_view url) {
    Origin origin;
    std::string_view rest;
    const auto all = lower(url);
    if (all.starts_with("https://")) {
        rest = url.substr(8);
    } else if (all.starts_with("http://")) {
        origin.scheme = Scheme::http;
        origin.port = 80;
        rest = url.substr(7);
    } else {
        return fail(ErrorKind::invalid_configuration, "an upstream must begin with https:// (or http:// for loopback)");
    }
    auto parsed = parse_host_port(strip_slash(rest));
    if (!parsed) {
        return fail(ErrorKind::invalid_configuration, "an upstream must look like https://host or https://host:port");
    }
    origin.host = std::move(parsed->host);
    origin.port = parsed->port.value_or(origin.port);
    return origin;
}

base::Result<ProxyAddress> parse_proxy(std::string_view url) {
    constexpr std::string_view wrong = "HTTPS_PROXY must look like http://[user:password@]host[:port]";
    if (!lower(url).starts_with("http://")) return fail(ErrorKind::invalid_configuration, std::string(wrong));
    auto rest = strip_slash(url.substr(7));
    ProxyAddress proxy;
    if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
        const auto login = percent_decode(rest.substr(0, at));
        if (!login) return fail(ErrorKind::invalid_configuration, std::string(wrong));
        const auto full = login->contains(':') ? *login : *login + ":";
        proxy.authorization = "Basic " + base::base64_encode(base::as_bytes(full));
        rest.remove_prefix(at + 1);
    }
    auto parsed = parse_host_port(rest);
    if (!parsed) return fail(ErrorKind::invalid_configuration, std::string(wrong));
    proxy.host = std::move(parsed->host);
    proxy.port = parsed->port.value_or(80);
    return proxy;
}

ProxyExceptions::ProxyExceptions(std::string_view list) {
    while (!list.empty()) {
        const auto comma = list.find(',');
        auto entry = trim(list.substr(0, comma));
        list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
        if (entry == "*") {
            rules_.push_back({"*", std::nullopt});
            continue;
        }
        if (entry.starts_with("*.")) entry.remove_prefix(1);
        if (entry.starts_with('.')) entry.remove_prefix(1);
        if (auto parsed = parse_host_port(entry)) rules_.push_back({std::move(parsed->host), parsed->port});
    }
}

bool ProxyExceptions::cover(const Origin& origin) const {
    return std::ranges::any_of(rules_, [&](const Rule& rule) {
        if (rule.port && *rule.port != origin.port) return false;
        return rule.host == "*" || origin.host == rule.host || origin.host.ends_with("." + rule.host);
    });
}

}  // namespace net
