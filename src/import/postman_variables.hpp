// Private to import: the variables of a Postman collection, and text with {{name}}.
#pragma once

#include "import/draft.hpp"
#include "import/json_tree.hpp"

#include <map>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

namespace plimsoll::import {

/// Makes template text: {{name}} becomes its value or an environment reference, all else is the
/// secrets' to judge. `draft` outlives this.
class PostmanVariables {
public:
    explicit PostmanVariables(Draft& draft) : draft_(draft) {}

    using Values = std::map<std::string, std::string>;
    /// Those of the collection, a folder or an item; the innermost that has a name says its value.
    void take(const boost::json::value& of);
    [[nodiscard]] const Values& values() const { return values_; }
    /// Back to those of an outer folder.
    void restore(Values values) { values_ = std::move(values); }

    [[nodiscard]] std::string filled(std::string_view text);
    [[nodiscard]] std::string field(std::string_view name, std::string_view value);
    [[nodiscard]] JsonTree fill_json(const JsonTree& value, std::string_view name = {});
    /// Path text keeps {{name}} through percent-encoding.
    [[nodiscard]] std::string filled_path(std::string_view text);
    /// Scheme, host and port in which variables are left: what stands alone is a whole URL, else
    /// each is one part of it.
    [[nodiscard]] std::string filled_origin(std::string origin);

private:
    [[nodiscard]] std::string variable(const std::string& name);

    Draft& draft_;
    Values values_;
    int depth_ = 0;
};

}  // namespace plimsoll::import
