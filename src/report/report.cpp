#include "report/report.hpp"

#include "report/renderers.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>
#include <vector>

#include <fmt/format.h>

namespace plimsoll {
namespace {

Status write_csv_files(const std::string& prefix, const RunInfo& info, const report::RunData& data,
                       const Analysis& analysis) {
    for (const auto& [suffix, content] : report::csv_files(info, data, analysis)) {
        if (auto written = write_file(prefix + suffix, content); !written) {
            return written;
        }
    }
    return {};
}

}  // namespace

Status write_file(const std::filesystem::path& file, const std::string& content) {
    auto part = file;
    part += ".part";
    {
        std::ofstream out(part, std::ios::binary | std::ios::trunc);
        out.write(content.data(), static_cast<std::streamsize>(content.size()));
        out.close();
        if (!out) {
            const std::string why = std::strerror(errno);
            std::error_code ignored;
            std::filesystem::remove(part, ignored);
            return Error{fmt::format("cannot write the file: {}", why), file.string(),
                         "the folder must exist, be writable and have space left"};
        }
    }
    std::error_code failed;
    std::filesystem::rename(part, file, failed);
    if (failed) {
        return Error{fmt::format("cannot write the file: {}", failed.message()), file.string(), {}};
    }
    return {};
}

Status write_csv(const std::string& prefix, const RunReader& reader, const Analysis& analysis) {
    const auto data = report::read_run(reader);
    if (!data) {
        return data.error();
    }
    return write_csv_files(prefix, reader.info(), *data, analysis);
}

Result<std::string> render_html(const RunReader& reader, const Analysis& analysis) {
    const auto data = report::read_run(reader);
    if (!data) {
        return data.error();
    }
    return report::html_page(reader.info(), *data, analysis);
}

Status write_reports(const std::filesystem::path& run_dir, const RunReader& reader,
                     const Analysis& analysis) {
    const auto data = report::read_run(reader);
    if (!data) {
        return data.error();
    }
    const auto& info = reader.info();
    const std::vector<std::pair<const char*, std::string>> files{
        {"summary.json", render_json(info, analysis)},
        {"report.html", report::html_page(info, *data, analysis)},
        {"report.md", render_markdown(info, analysis, data->finished)},
        {"junit.xml", render_junit(info, analysis)}};
    for (const auto& [name, content] : files) {
        if (auto written = write_file(run_dir / name, content); !written) {
            return written;
        }
    }
    return write_csv_files((run_dir / kCsvPrefix).string(), info, *data, analysis);
}

}  // namespace plimsoll
