// Values that fit a JSON Schema, for requests that only a description exists of.
#pragma once

#include "import/secrets.hpp"

#include <deque>
#include <optional>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

namespace plimsoll::import {

class SchemaExamples {
public:
    /// References are looked up in `root`; both outlive this.
    SchemaExamples(const boost::json::value& root, Secrets& secrets)
        : root_(root), secrets_(secrets) {}

    /// `value` itself, or what its $ref points to; nullptr where that leads nowhere.
    [[nodiscard]] const boost::json::value* resolve(const boost::json::value* value) const;
    /// A value of this schema: its example, default or first choice where those fit it, else one
    /// made up. All required members are there; others as long as neither depth nor size grow too
    /// far, and none that is read-only. Strings are template text; those of a secret property are
    /// references to the environment. nullopt: a $ref leads nowhere, or every such value would be
    /// endless or far too large.
    [[nodiscard]] std::optional<boost::json::value> example(const boost::json::value* schema,
                                                            std::string_view name = {});
    /// Whether the last example fits its schema. Not so only where nothing that was tried does: of
    /// choices that exclude each other, or where the schema asks for what is not understood here.
    [[nodiscard]] bool last_fits() const { return last_fits_; }
    /// A given example as template text, or a value of the schema where it does not fit that.
    [[nodiscard]] std::optional<boost::json::value> given(const boost::json::value& value,
                                                          const boost::json::value* schema);
    /// The same of a parameter, its own examples first; numbers that name things are drawn at
    /// random. Never null, and no empty list or object.
    [[nodiscard]] boost::json::value parameter(const boost::json::value* parameter);

private:
    using Made = std::optional<boost::json::value>;
    Made make(const boost::json::value* schema, std::string_view name, int depth);
    Made make_new(const boost::json::value& schema, std::string_view name, int depth);
    Made from_schema(const boost::json::value& schema, std::string_view name);
    Made combined(const boost::json::value& schema, std::string_view name, int depth);
    Made object(const boost::json::value& schema, int depth);
    Made array(const boost::json::value& schema, std::string_view name, int depth);
    [[nodiscard]] bool is_open(const boost::json::value* schema) const;
    void merge(const boost::json::value& part, boost::json::object& into, int depth) const;
    /// Template text of what was made; secrets by their names.
    [[nodiscard]] boost::json::value finished(const boost::json::value& value,
                                              std::string_view name,
                                              const boost::json::value* schema);

    const boost::json::value& root_;
    Secrets& secrets_;
    std::vector<const boost::json::value*> open_;  // schemas that are being made
    std::deque<boost::json::value> merged_;        // of allOf, while they are in use
    bool last_fits_ = true;
    std::size_t made_ = 0;  // values of this example
};

}  // namespace plimsoll::import
