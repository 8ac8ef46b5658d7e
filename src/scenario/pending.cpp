#include "scenario/flow.hpp"
#include "scenario/response.hpp"
namespace plimsoll {
struct ResponseReader::Json {};
ResponseReader::ResponseReader() = default;
ResponseReader::~ResponseReader() = default;
void ResponseReader::reset(const ResponseView& view) { view_ = view; }
bool Selector::select(ResponseReader&, Variable&, std::string&) const { return false; }
bool Check::holds(ResponseReader&, const RenderContext&, std::string&) const { return false; }
bool Condition::holds(const RenderContext&, std::string&) const { return false; }
}
