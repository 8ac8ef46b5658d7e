// What responses of a recording give and later requests send back.
#pragma once

#include "import/draft.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

namespace plimsoll::import {

/// Finds tokens, and ids of what was made: a value of a response that a later request holds.
class HarCaptures {
public:
    /// The values of an entry's JSON response, as what step number `step` gives.
    void offer(const boost::json::value& entry, std::size_t step, Secrets& secrets);
    /// A capture in each step whose value was used.
    void add_captures(std::vector<DraftStep>& steps, const Secrets& secrets) const;

private:
    struct Offer {
        std::size_t step;
        std::string pointer;
    };
    void walk(const boost::json::value& value, const std::string& pointer, std::string_view name,
              std::size_t step, Secrets& secrets, int depth);
    std::vector<Offer> offers_;
};

}  // namespace plimsoll::import
