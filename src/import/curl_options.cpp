#include "import/curl_options.hpp"

#include "import/request_text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace plimsoll::import {
namespace {

// Names of `curl --help all` of 7.88, each with its letter behind a colon.
constexpr std::string_view kWithValue =
    "abstract-unix-socket alt-svc aws-sigv4 cacert capath cert-type cert:E ciphers "
    "config:K connect-timeout connect-to continue-at:C cookie-jar:c cookie:b "
    "create-file-mode crlfile curves data-ascii data-binary data-raw data-urlencode "
    "data:d delegation dns-interface dns-ipv4-addr dns-ipv6-addr dns-servers doh-url "
    "dump-header:D egd-file engine etag-compare etag-save expect100-timeout form-string "
    "form:F ftp-account ftp-alternative-to-user ftp-method ftp-port:P ftp-ssl-ccc-mode "
    "happy-eyeballs-timeout-ms header:H hostpubmd5 hostpubsha256 hsts interface json "
    "keepalive-time key key-type krb libcurl limit-rate local-port login-options "
    "mail-auth mail-from mail-rcpt max-filesize max-redirs max-time:m netrc-file noproxy "
    "oauth2-bearer output-dir output:o parallel-max pass pinnedpubkey preproxy proto "
    "proto-default proto-redir proxy-cacert proxy-capath proxy-cert proxy-cert-type "
    "proxy-ciphers proxy-crlfile proxy-header proxy-key proxy-key-type proxy-pass "
    "proxy-pinnedpubkey proxy-service-name proxy-tls13-ciphers proxy-tlsauthtype "
    "proxy-tlspassword proxy-tlsuser proxy-user:U proxy1.0 proxy:x pubkey quote:Q "
    "random-file range:r rate referer:e request-target request:X resolve retry "
    "retry-delay retry-max-time sasl-authzid service-name socks4 socks4a socks5 "
    "socks5-gssapi-service socks5-hostname speed-limit:Y speed-time:y stderr "
    "telnet-option:t tftp-blksize time-cond:z tls-max tls13-ciphers tlsauthtype "
    "tlspassword tlsuser trace trace-ascii unix-socket upload-file:T url url-query "
    "user-agent:A user:u write-out:w ";
constexpr std::string_view kFlags =
    "alpn anyauth append:a basic buffer:N cert-status clobber compressed compressed-ssh "
    "create-dirs crlf digest disable-eprt disable-epsv disable:q "
    "disallow-username-in-url doh-cert-status doh-insecure eprt epsv fail-early "
    "fail-with-body fail:f false-start form-escape ftp-create-dirs ftp-pasv ftp-pret "
    "ftp-skip-pasv-ip ftp-ssl ftp-ssl-ccc ftp-ssl-control ftp-ssl-reqd get:G globoff:g "
    "haproxy-protocol head:I help:h http0.9 http1.0:0 http1.1 http2 "
    "http2-prior-knowledge http3 http3-only ignore-content-length include:i insecure:k "
    "ipv4:4 ipv6:6 junk-session-cookies:j keepalive list-only:l location-trusted "
    "location:L mail-rcpt-allowfails manual:M metalink negotiate netrc-optional netrc:n "
    "next:: npn ntlm ntlm-wb parallel-immediate parallel:Z path-as-is post301 post302 "
    "post303 progress-bar:# progress-meter proxy-anyauth proxy-basic proxy-digest "
    "proxy-insecure proxy-negotiate proxy-ntlm proxy-ssl-allow-beast "
    "proxy-ssl-auto-client-cert proxy-tlsv1 proxytunnel:p raw remote-header-name:J "
    "remote-name-all remote-name:O remote-time:R remove-on-error retry-all-errors "
    "retry-connrefused sasl-ir sessionid show-error:S silent:s socks5-basic "
    "socks5-gssapi socks5-gssapi-nec ssl ssl-allow-beast ssl-auto-client-cert "
    "ssl-no-revoke ssl-reqd ssl-revoke-best-effort sslv2:2 sslv3:3 styled-output "
    "suppress-connect-headers tcp-fastopen tcp-nodelay tftp-no-options tlsv1.0 tlsv1.1 "
    "tlsv1.2 tlsv1.3 tlsv1:1 tr-encoding trace-time use-ascii:B verbose:v version:V "
    "xattr ";
// Of later versions; their names cannot be cut short.
constexpr std::string_view kLaterWithValue =
    "variable expand-url expand-header expand-data expand-output ipfs-gateway ech haproxy-clientip "
    "vlan-priority ip-tos keepalive-cnt trace-config sigalgs upload-flags tls-earlydata "
    "parallel-max-host dns-timeout ";
constexpr std::string_view kLaterFlags =
    "ca-native proxy-ca-native proxy-http2 skip-existing mptcp trace-ids dump-ca-embed follow "
    "out-null ";

struct Option {
    std::string_view name;
    bool takes_value = false;
};

// Calls `see` with each name and letter (0: none) until it says true.
template <typename See>
void each_option(std::string_view table, const See& see) {
    while (!table.empty()) {
        const std::size_t end = table.find(' ');
        const std::string_view entry = table.substr(0, end);
        const std::size_t colon = std::min(entry.find(':'), entry.size());
        const char letter = colon < entry.size() ? entry[colon + 1] : '\0';
        if (see(entry.substr(0, colon), letter)) {
            return;
        }
        table.remove_prefix(end + 1);
    }
}

std::optional<Option> by_letter(char letter) {
    std::optional<Option> found;
    for (const bool value : {true, false}) {
        each_option(value ? kWithValue : kFlags, [&](std::string_view name, char own) {
            if (own == letter && !found) {
                found = Option{name, value};
            }
            return found.has_value();
        });
    }
    return found;
}

// Error: none, or several begin so.
Result<Option> by_name(std::string_view word) {
    const std::string wanted = lower_case(word);
    std::vector<Option> near;
    std::optional<Option> exact;
    const auto look = [&](std::string_view table, bool value, bool whole) {
        each_option(table, [&](std::string_view name, char /*letter*/) {
            if (name == wanted) {
                exact = Option{name, value};
            } else if (!whole && name.starts_with(wanted)) {
                near.push_back({name, value});
            }
            return exact.has_value();
        });
    };
    look(kWithValue, true, false);
    look(kFlags, false, false);
    if (!exact && near.empty()) {
        look(kLaterWithValue, true, true);
        look(kLaterFlags, false, true);
    }
    if (exact) {
        return *exact;
    }
    if (near.size() == 1) {
        return near.front();
    }
    return Error{near.empty() ? "an option that curl does not know"
                              : "an option that is cut too short to be known"};
}

class Reader {
public:
    explicit Reader(const std::vector<std::string>& words) : words_(words) {}

    Result<std::vector<CurlTransfer>> run() {
        transfers_.emplace_back();
        bool options = true;
        for (; at_ < words_.size(); ++at_) {
            const std::string& word = words_[at_];
            Status read;
            if (!options || !word.starts_with('-')) {
                add_url(word);
            } else if (word == "--") {
                options = false;
            } else if (word.starts_with("--")) {
                read = long_option(word.substr(2));
            } else {
                read = letters(word);
            }
            if (!read) {
                return read.error();
            }
        }
        const bool any = std::any_of(transfers_.begin(), transfers_.end(), [](const auto& one) {
            return std::any_of(one.urls.begin(), one.urls.end(),
                               [](const auto& url) { return !url.text.empty(); });
        });
        if (!any) {
            return Error{"no URL"};
        }
        for (CurlTransfer& one : transfers_) {
            std::erase_if(one.urls, [](const auto& url) { return url.text.empty(); });
        }
        return std::move(transfers_);
    }

private:
    Status long_option(std::string_view word) {
        const bool off = word.starts_with("no-");
        const auto option = by_name(off ? word.substr(3) : word);
        if (!option) {
            return option.error();
        }
        if (off && option->takes_value) {
            return Error{"--no- before an option that is no switch"};
        }
        if (!option->takes_value) {
            return take({option->name, {}, off});
        }
        if (at_ + 1 >= words_.size()) {
            return Error{"an option without its value"};
        }
        return take({option->name, words_[++at_], false});
    }

    Status letters(const std::string& word) {
        for (std::size_t letter = 1; letter < std::max<std::size_t>(word.size(), 2); ++letter) {
            const auto option = by_letter(letter < word.size() ? word[letter] : '\0');
            if (!option || word.size() < 2) {
                return Error{"an option that curl does not know"};
            }
            if (!option->takes_value) {
                if (Status taken = take({option->name, {}, false}); !taken) {
                    return taken;
                }
                continue;
            }
            std::string value = word.substr(letter + 1);
            if (value.empty() && at_ + 1 >= words_.size()) {
                return Error{"an option without its value"};
            }
            return take({option->name, value.empty() ? words_[++at_] : value, false});
        }
        return {};
    }

    Status take(CurlGiven given) {
        if (given.option == "next") {
            if (transfers_.back().urls.empty()) {
                return Error{"--next without a URL before it"};
            }
            transfers_.emplace_back();
        } else if (given.option == "url") {
            add_url(given.value);
        } else if (given.option == "upload-file") {
            add_upload(given.value);
        } else if (given.option == "help" || given.option == "version" ||
                   given.option == "manual") {
            return Error{"an option that asks curl for a text"};
        } else {
            transfers_.back().given.push_back(std::move(given));
        }
        return {};
    }

    // URLs and the files of -T are paired in the order in which each stands.
    void add_url(const std::string& text) {
        auto& urls = transfers_.back().urls;
        const auto free = std::find_if(urls.begin(), urls.end(),
                                       [](const auto& url) { return url.text.empty(); });
        if (free != urls.end()) {
            free->text = text;
        } else {
            urls.push_back({text, {}});
        }
    }
    void add_upload(const std::string& file) {
        auto& urls = transfers_.back().urls;
        const auto free = std::find_if(urls.begin(), urls.end(),
                                       [](const auto& url) { return !url.upload.has_value(); });
        if (free != urls.end()) {
            free->upload = file;
        } else {
            urls.push_back({"", file});
        }
    }

    const std::vector<std::string>& words_;
    std::size_t at_ = 0;
    std::vector<CurlTransfer> transfers_;
};

}  // namespace

bool CurlTransfer::has(std::string_view option) const {
    const auto found = std::find_if(given.rbegin(), given.rend(),
                                    [&](const CurlGiven& g) { return g.option == option; });
    return found != given.rend() && !found->off;
}

std::string CurlTransfer::last(std::string_view option) const {
    const auto found = std::find_if(given.rbegin(), given.rend(),
                                    [&](const CurlGiven& g) { return g.option == option; });
    return found == given.rend() ? "" : found->value;
}

Result<std::vector<CurlTransfer>> read_curl_words(const std::vector<std::string>& words) {
    return Reader(words).run();
}

}  // namespace plimsoll::import
