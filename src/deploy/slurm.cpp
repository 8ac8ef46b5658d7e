#include "deploy/slurm.hpp"

#include "deploy/embedded.hpp"
#include "deploy/marked_text.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace plimsoll {
namespace {

/// For tasks to come up, and for the merge.
constexpr std::uint64_t kSlurmMargin_s = 1800;

/// sbatch reads these lines itself, by rules that are not a shell's: nothing that they could differ
/// on goes in.
bool fits_directive(const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return (c < 0x80 && std::isalnum(c) != 0) || c == '-' || c == '_' || c == '.' || c == ',';
    });
}

/// The directives have no marks: a comment behind one is not sbatch's to read.
std::string with_directive(std::string text, const std::string& key, const std::string& value) {
    const std::string head = "#SBATCH --" + key + '=';
    const auto at = text.find(head);
    if (at != std::string::npos) {
        const auto end = text.find('\n', at);
        text.replace(at, end - at, head + value);
    }
    return text;
}

}  // namespace

Result<std::string> slurm_script(const SlurmPlan& plan) {
    for (const auto& [text, flag] :
         {std::pair{&plan.name, "--name"}, std::pair{&plan.partition, "--partition"}}) {
        if (!fits_directive(*text)) {
            return Error{fmt::format("must be letters, digits, and - _ . , got \"{}\"", *text),
                         flag};
        }
    }
    Filling filling;
    filling.values = {{"plimsoll", plan.plimsoll}, {"scenario", plan.scenario},
                      {"results", plan.results},   {"gather", plan.gather ? "yes" : ""},
                      {"upload", plan.upload},     {"shards", std::to_string(plan.shards)}};
    const std::uint64_t minutes = (plan.length_s + kSlurmMargin_s + 59) / 60;
    auto& lines = filling.inserts["sbatch-lines"];
    lines.push_back(fmt::format("#SBATCH --time={}", minutes));
    if (plan.memory_bytes != 0) {
        lines.push_back(
            fmt::format("#SBATCH --mem-per-cpu={}M",
                        std::max<std::uint64_t>(1, (plan.memory_bytes >> 20U) / plan.cores)));
    }
    if (!plan.partition.empty()) {
        lines.push_back("#SBATCH --partition=" + plan.partition);
    }
    for (const std::string& each : plan.arguments) {
        filling.inserts["more-arguments"].push_back("more+=(" + shell_word(each) + ')');
    }
    auto& environment = filling.inserts["environment"];
    for (const auto& [name, value] : plan.environment) {
        environment.push_back("export " + name + '=' + shell_word(value));
    }
    std::string text = fill_in(embedded::slurm_batch, MarkedStyle::Shell, filling);
    text = with_directive(std::move(text), "job-name", plan.name);
    text = with_directive(std::move(text), "ntasks", std::to_string(plan.segments));
    return with_directive(std::move(text), "cpus-per-task", std::to_string(plan.cores));
}

}  // namespace plimsoll
