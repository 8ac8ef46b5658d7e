// What a finding rests on: each of its sentences with the query over the run file, and its rows.
#include "report/report.hpp"
#include "report/words.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace plimsoll {
namespace {

const Finding* find_named(const Analysis& analysis, const std::string& which) {
    std::size_t number = 0;
    const char* const end = which.data() + which.size();
    const auto [rest, error] = std::from_chars(which.data(), end, number);
    if (error == std::errc() && rest == end) {
        return number >= 1 && number <= analysis.findings.size() ? &analysis.findings[number - 1]
                                                                 : nullptr;
    }
    const auto found = std::find_if(analysis.findings.begin(), analysis.findings.end(),
                                    [&](const Finding& f) { return f.cause == which; });
    return found == analysis.findings.end() ? nullptr : &*found;
}

Error no_such_finding(const Analysis& analysis, const std::string& which) {
    std::vector<std::string> names;
    for (const Finding& finding : analysis.findings) {
        names.push_back(fmt::format("{} {}", names.size() + 1, finding.cause));
    }
    return Error{fmt::format("this run has no finding \"{}\"", which), "--explain",
                 names.empty()
                     ? std::string("it has none at all")
                     : fmt::format("it has {}; name one, or its number", fmt::join(names, ", "))};
}

Status add_sentence(const RunReader& reader, std::string_view mark, const Sentence& sentence,
                    std::string& out) {
    out += fmt::format("\n{} {}\n", mark, sentence.text);
    if (sentence.query.empty()) {
        out += "    (rests on the sentences around it)\n";
        return {};
    }
    const auto result = reader.query(sentence.query);
    if (!result) {
        return result.error();
    }
    out += fmt::format("    sql: {}\n    {}\n", sentence.query, fmt::join(result->columns, " | "));
    for (const std::vector<std::string>& row : result->rows) {
        out += fmt::format("    {}\n", fmt::join(row, " | "));
    }
    if (result->rows.empty()) {
        out += "    (no rows)\n";
    }
    return {};
}

}  // namespace

Result<std::string> render_explanation(const RunReader& reader, const Analysis& analysis,
                                       const std::string& which) {
    const Finding* const finding = find_named(analysis, which);
    if (finding == nullptr) {
        return no_such_finding(analysis, which);
    }
    std::string out =
        fmt::format("{} ({} confidence, from {:.1f} s on)\n", report::cause_title(finding->cause),
                    finding->confidence, finding->onset_s);
    for (const Sentence& sentence : finding->evidence) {
        if (Status added = add_sentence(reader, "+", sentence, out); !added.ok()) {
            return added.error();
        }
    }
    for (const Sentence& sentence : finding->against) {
        if (Status added = add_sentence(reader, "-", sentence, out); !added.ok()) {
            return added.error();
        }
    }
    for (const std::string& missing : finding->missing) {
        out += fmt::format("\n? not measured: {}\n", missing);
    }
    return out + fmt::format("\n→ {}\n", finding->fix);
}

}  // namespace plimsoll
