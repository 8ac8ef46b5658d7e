// Where a run's figures go while it runs: --prometheus, --otlp, -o/--out.
#pragma once

#include "app/run_session.hpp"
#include "run/exporter_kinds.hpp"
#include "scenario/scenario.hpp"

#include <string>
#include <vector>

namespace plimsoll {

class Command;

/// What `flag` says of `kind`, into `exports`. Error: a place that cannot be, or a file that cannot
/// be made.
[[nodiscard]] Status set_export(const ExporterKind& kind, const std::string& where,
                                const char* flag, ExportConfig& exports);

/// Flags of a run's exports. They stand beside what the scenario says, or replace it where it
/// names the same kind.
struct ExportFlags {
    std::string prometheus;
    std::string otlp;
    std::vector<std::string> outs;  // KIND=WHERE

    void add_to(Command& command);
    /// What the flags say, into `exports` and `options`, which holds what --csv says. Error: a
    /// value that cannot be, a kind given twice, or a file that cannot be made; it never repeats a
    /// URL, which may hold a password.
    [[nodiscard]] Status apply(ExportConfig& exports, SessionOptions& options) const;

private:
    [[nodiscard]] Status check_once(const SessionOptions& options) const;
    [[nodiscard]] static Status apply_out(const std::string& out, ExportConfig& exports,
                                          SessionOptions& options);
};

}  // namespace plimsoll
