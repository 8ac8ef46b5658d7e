// SQL over the run file for what evidence rests on (docs/run-file.md has the tables). Each is one
// statement that any SQLite program runs; each gives a few rows, summed up, not every reading.
#pragma once

#include "analysis/diagnosis/case.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace plimsoll::query {

/// A label that the series must have with this value.
using Label = std::pair<std::string_view, std::string>;
using Labels = std::initializer_list<Label>;

/// A metric's series before and after the break, one row for each: how many readings its probe
/// took, in how many of them the series had a value, their least, mean and greatest. The mean is
/// over all readings: none of a kind counts as 0.
[[nodiscard]] std::string gauge(const Case& c, std::string_view metric, Labels labels = {});
/// The same for a counter: first and last value of each part, and the rise per second.
[[nodiscard]] std::string counter(const Case& c, std::string_view metric, Labels labels = {});

/// A canary's answers in seconds, their least, mean and greatest, and how many of its tries had
/// failed by then; "": of all canaries.
[[nodiscard]] std::string canary(const Case& c, std::string_view name);
/// A gauge after the load had ended.
[[nodiscard]] std::string drain(const Case& c, std::string_view metric);

/// Answers with failures, the most frequent first, whose text holds one of the words in any case;
/// no words: all of them. Where there are others, one of these as well.
[[nodiscard]] std::string errors(const std::vector<std::string>& words = {},
                                 const std::vector<std::string>& others = {});
/// The kept errors of one outcome.
[[nodiscard]] std::string errors_of(std::string_view outcome);
/// What a probe learnt about the whole run: facts whose key begins so ("statement.").
[[nodiscard]] std::string facts(std::string_view key);
/// The load's side, before and after the break: arrivals due, requests, those that failed, in
/// flight.
[[nodiscard]] std::string load(const Case& c);
/// How each endpoint answered, second by second as stored: "200 ok 18,429 http_4xx 2".
[[nodiscard]] std::string statuses(const Case& c);
/// The same endpoint by endpoint. Response times are in histograms, which SQL cannot add up.
[[nodiscard]] std::string endpoints(const Case& c);

}  // namespace plimsoll::query
