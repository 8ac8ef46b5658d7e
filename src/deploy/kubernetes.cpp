#include "deploy/kubernetes.hpp"

#include "deploy/embedded.hpp"
#include "deploy/marked_text.hpp"
#include "deploy/quantity.hpp"
#include "deploy/yaml_scalar.hpp"
#include "scenario/digest.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

namespace plimsoll {
namespace {

constexpr const char* kFolder = "/etc/plimsoll/scenario/";
/// For pods to come up and the results to be written, beside the load itself.
constexpr std::uint64_t kMargin_s = 3600;

std::string in_base64(std::string bytes) {
    append_base64(0, false, bytes);
    return bytes;
}

std::uint32_t fnv1a(std::string_view text) {
    std::uint32_t hash = 2'166'136'261U;
    for (const char c : text) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 16'777'619U;
    }
    return hash;
}

bool is_config_key(std::string_view text) {
    return !text.empty() && text.size() <= 253 && text != "." && !text.starts_with("..") &&
           std::all_of(text.begin(), text.end(), [](unsigned char c) {
               return (c < 0x80 && std::isalnum(c) != 0) || c == '-' || c == '_' || c == '.';
           });
}

std::string quantity(std::uint64_t bytes) {
    constexpr std::array<std::pair<const char*, unsigned>, 3> kUnits{
        {{"Gi", 30}, {"Mi", 20}, {"Ki", 10}}};
    for (const auto& [unit, bits] : kUnits) {
        if (bytes != 0 && bytes % (std::uint64_t{1} << bits) == 0) {
            return std::to_string(bytes >> bits) + unit;
        }
    }
    return std::to_string(bytes);
}

/// Kubernetes puts variables in place of $(NAME) in arguments; $$ is a $.
std::string argument(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        out += text.substr(i, 2) == "$(" || text.substr(i, 2) == "$$" ? "$$" : text.substr(i, 1);
    }
    return out;
}

std::vector<std::string> argument_lines(const std::vector<std::string>& arguments) {
    std::vector<std::string> lines;
    lines.reserve(arguments.size());
    for (const std::string& each : arguments) {
        lines.push_back("- " + yaml_scalar(argument(each)));
    }
    return lines;
}

/// The files of one ConfigMap or Secret, with the keys that they go by there.
class Bundle {
public:
    Bundle(const std::vector<DeployFile>& files, bool secret) {
        for (const DeployFile& file : files) {
            if (file.secret == secret) {
                const bool fits = is_config_key(file.path);
                direct_ = direct_ && fits;
                entries_.push_back({&file, fits ? file.path : ""});
            }
        }
        std::size_t number = 0;
        for (Entry& entry : entries_) {
            while (entry.key.empty() || (entry.made && is_taken(entry))) {
                entry.made = true;
                entry.key = fmt::format("file-{}", ++number);
            }
        }
    }

    [[nodiscard]] bool empty() const { return entries_.empty(); }
    [[nodiscard]] std::uint64_t bytes() const {
        std::uint64_t sum = 0;
        for (const Entry& each : entries_) {
            sum += each.key.size() + each.file->content.size();
        }
        return sum;
    }
    /// Which key is mounted at which path; nothing where each is at its own.
    [[nodiscard]] std::vector<std::string> items(bool always) const {
        std::vector<std::string> lines;
        if (direct_ && !always) {
            return lines;
        }
        lines.emplace_back("items:");
        for (const Entry& each : entries_) {
            lines.push_back("  - key: " + yaml_scalar(each.key));
            lines.push_back("    path: " + yaml_scalar(each.file->path));
        }
        return lines;
    }
    /// The object's `data` and `binaryData`, or a Secret's `stringData` and `data`.
    [[nodiscard]] std::string data(const char* of_text, const char* of_bytes) const {
        std::string texts;
        std::string bytes;
        for (const Entry& each : entries_) {
            const std::string& content = each.file->content;
            if (is_plain_text(content)) {
                texts += fmt::format("  {}: {}\n", yaml_scalar(each.key), yaml_block(content, 2));
            } else {
                bytes += fmt::format("  {}: {}\n", yaml_scalar(each.key),
                                     yaml_quoted(in_base64(content)));
            }
        }
        return (texts.empty() ? "" : fmt::format("{}:\n{}", of_text, texts)) +
               (bytes.empty() ? "" : fmt::format("{}:\n{}", of_bytes, bytes));
    }

private:
    struct Entry {
        const DeployFile* file;
        std::string key;
        bool made = false;
    };
    [[nodiscard]] bool is_taken(const Entry& entry) const {
        return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& other) {
            return &other != &entry && other.key == entry.key;
        });
    }
    std::vector<Entry> entries_;
    bool direct_ = true;
};

std::string metadata(const KubernetesPlan& plan, const std::string& suffix) {
    return fmt::format(
        "metadata:\n  name: {}\n{}  labels:\n    app.kubernetes.io/name: plimsoll\n"
        "    app.kubernetes.io/instance: {}\n",
        yaml_scalar(plan.name + suffix),
        plan.namespace_.empty() ? ""
                                : fmt::format("  namespace: {}\n", yaml_scalar(plan.namespace_)),
        yaml_scalar(plan.name));
}

std::string config_map(const KubernetesPlan& plan, const Bundle& files) {
    return "---\napiVersion: v1\nkind: ConfigMap\n" + metadata(plan, "-scenario") +
           files.data("data", "binaryData");
}

std::string secret(const KubernetesPlan& plan, const std::string& suffix, const std::string& data) {
    return "---\napiVersion: v1\nkind: Secret\n" + metadata(plan, suffix) + "type: Opaque\n" + data;
}

std::string environment_data(const KubernetesPlan& plan) {
    std::string data;
    for (const auto& [name, value] : plan.environment) {
        data += fmt::format("  {}: {}\n", yaml_scalar(name), yaml_quoted(value));
    }
    return data.empty() ? "" : "stringData:\n" + data;
}

Filling filling_for(const KubernetesPlan& plan, const Bundle& plain, const Bundle& secret_files) {
    Filling filling;
    filling.values = {
        {"name", plan.name},
        {"image", plan.image},
        {"segments", std::to_string(plan.segments)},
        {"shards", std::to_string(plan.shards)},
        {"cores", std::to_string(plan.cores)},
        {"memory", quantity(plan.memory_bytes)},
        {"deadline", std::to_string(plan.length_s + kMargin_s)},
        {"scenario", kFolder + argument(plan.scenario)},
        {"env-secret",
         plan.environment_secret.empty() ? plan.name + "-env" : plan.environment_secret},
        {"token-secret", plan.token_secret.empty() ? plan.name + "-token" : plan.token_secret},
    };
    if (plan.upload.empty()) {
        filling.parts.insert("gather");
    } else {
        filling.inserts["upload-args"] = argument_lines({"--upload", plan.upload});
    }
    if (!plan.namespace_.empty()) {
        filling.inserts["namespace"] = {"namespace: " + yaml_scalar(plan.namespace_)};
    }
    if (plan.claim.empty()) {
        filling.parts.insert("no-claim");
    } else {
        filling.inserts["results-volume"] = {"persistentVolumeClaim:",
                                             "  claimName: " + yaml_scalar(plan.claim)};
    }
    filling.inserts["run-args"] = argument_lines(plan.run_arguments);
    filling.inserts["gather-args"] = argument_lines(plan.gather_arguments);
    filling.inserts["scenario-items"] = plain.items(false);
    if (!secret_files.empty()) {
        auto& lines = filling.inserts["scenario-secrets"];
        lines = {"- secret:", "    name: " + yaml_scalar(plan.name + "-files")};
        for (const std::string& each : secret_files.items(true)) {
            lines.push_back("    " + each);
        }
    }
    return filling;
}

Status check_files(const KubernetesPlan& plan, const Bundle& bundle, const char* kind) {
    if (bundle.bytes() <= kMostConfigBytes) {
        return {};
    }
    const auto largest = std::max_element(plan.files.begin(), plan.files.end(),
                                          [](const DeployFile& a, const DeployFile& b) {
                                              return a.content.size() < b.content.size();
                                          });
    return Error{
        fmt::format("the scenario's files are too large for a {}: {} together, of which {} has {}; "
                    "the API takes {}",
                    kind, bytes_text(static_cast<double>(bundle.bytes())), largest->path,
                    bytes_text(static_cast<double>(largest->content.size())),
                    bytes_text(static_cast<double>(kMostConfigBytes))),
        plan.scenario,
        "put large files into an image of your own (FROM plimsoll; COPY ...), name them there by "
        "their absolute path, and give --image"};
}

}  // namespace

std::string object_name(std::string_view text) {
    constexpr std::string_view kBlanks = " -_.";
    std::string name;
    bool lost = false;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool kept = byte < 0x80 && std::isalnum(byte) != 0;
        lost = lost || (!kept && kBlanks.find(c) == std::string_view::npos);
        if (kept) {
            name += static_cast<char>(std::tolower(byte));
        } else if (!name.empty() && name.back() != '-') {
            name += '-';
        }
    }
    // A Service's name must begin with a letter (RFC 1035).
    if (name.empty() || std::isdigit(static_cast<unsigned char>(name.front())) != 0) {
        name.insert(0, name.empty() ? "plimsoll" : "p-");
    }
    const std::string hash = fmt::format("-{:08x}", fnv1a(text));
    lost = lost || name.size() > kLongestObjectName;
    name.resize(std::min(name.size(), kLongestObjectName - (lost ? hash.size() : 0)));
    name.erase(name.find_last_not_of('-') + 1);
    return lost ? name + hash : name;
}

Result<std::string> kubernetes_manifests(const KubernetesPlan& plan) {
    const Bundle plain(plan.files, false);
    const Bundle secret_files(plan.files, true);
    for (const auto& [bundle, kind] :
         {std::pair{&plain, "ConfigMap"}, std::pair{&secret_files, "Secret"}}) {
        if (const Status fits = check_files(plan, *bundle, kind); !fits) {
            return fits.error();
        }
    }
    const Filling filling = filling_for(plan, plain, secret_files);
    const bool gathers = plan.upload.empty();
    std::string text = config_map(plan, plain);
    if (!secret_files.empty()) {
        text += secret(plan, "-files", secret_files.data("stringData", "data"));
    }
    if (plan.environment_secret.empty()) {
        text += secret(plan, "-env", environment_data(plan));
    }
    if (gathers && plan.token_secret.empty()) {
        text += secret(plan, "-token",
                       "stringData:\n  gather-token: " + yaml_quoted(plan.token) + "\n");
    }
    std::vector<std::string_view> sources{embedded::kubernetes_network_policy,
                                          embedded::kubernetes_segments};
    if (gathers) {
        sources.insert(sources.begin() + 1, embedded::kubernetes_gather);
    }
    if (gathers && plan.service_monitor) {
        sources.push_back(embedded::kubernetes_service_monitor);
    }
    for (const std::string_view source : sources) {
        text += "---\n" + fill_in(source, MarkedStyle::Yaml, filling);
    }
    return text;
}

}  // namespace plimsoll
