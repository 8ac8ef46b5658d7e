#include "scenario/response.hpp"

#include "scenario/response_json.hpp"

namespace plimsoll {

ResponseReader::ResponseReader() : json_(std::make_unique<Json>()) {}
ResponseReader::~ResponseReader() = default;

void ResponseReader::reset(const ResponseView& view) {
    view_ = view;
    json_->forget();
}

}  // namespace plimsoll
