#include "app/commands/put_page.hpp"

#include "app/console.hpp"
#include "report/report.hpp"

namespace plimsoll {

Status put_page(const std::function<Result<std::string>()>& page, const std::string& file,
                std::string_view format) {
    const bool shown = format == "html";
    if (file.empty() && !shown) {
        return {};
    }
    const auto made = page();
    if (!made) {
        return made.error();
    }
    if (!file.empty()) {
        if (Status kept = write_file(file, *made); !kept) {
            return kept;
        }
    }
    if (shown) {
        hand_over(*made);
    }
    return {};
}

}  // namespace plimsoll
