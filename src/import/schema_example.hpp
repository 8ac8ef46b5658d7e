// Values that fit a JSON Schema, for requests that only a description exists of.
#pragma once

#include "import/secrets.hpp"

#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

namespace plimsoll::import {

class SchemaExamples {
public:
    /// References are looked up in `root`; both outlive this.
    SchemaExamples(const boost::json::value& root, Secrets& secrets)
        : root_(root), secrets_(secrets) {}

    /// `value` itself, or what its $ref points to (within the document); nullptr where that leads
    /// nowhere.
    [[nodiscard]] const boost::json::value* resolve(const boost::json::value* value) const;
    /// A value of this schema: its example, default or first choice, else one made up. Strings are
    /// template text; those of a secret property are references to the environment. Read-only
    /// properties, and those that lead back to the object they stand in, are left out.
    [[nodiscard]] boost::json::value example(const boost::json::value* schema,
                                             std::string_view name = {}, int depth = 0);
    /// The same as the text of a parameter: numbers that name things are drawn at random.
    [[nodiscard]] std::string parameter(const boost::json::value* parameter);
    /// A given example as template text, secrets of its members replaced.
    [[nodiscard]] boost::json::value given(const boost::json::value& value,
                                           std::string_view name = {});

private:
    boost::json::value object(const boost::json::value& schema, int depth);
    boost::json::value scalar(const boost::json::value& schema, std::string_view type);
    std::string secret(std::string_view name);

    const boost::json::value& root_;
    Secrets& secrets_;
    std::vector<const boost::json::value*> open_;  // objects that are being made: none holds itself
};

}  // namespace plimsoll::import
