// SPDX-License-Identifier: MIT
#include "auth/canonical_query.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "base/encoding.h"

namespace sluice::auth {
namespace {

using http::FormField;

enum class Order { names, names_of_dotnet, pairs, pairs_ignoring_case };

struct Rules {
  Dialect dialect;
  // Besides letters and digits; of values.
  std::string_view literal;
  bool space_is_plus;
  bool names_are_literal;
  bool signs_file;
  Order order;
  // Everything but these characters is literal, `literal` does not count.
  std::string_view escaped_alone;
};

constexpr std::array table{
    Rules{Dialect::documented, "-._~", false, false, false, Order::names, ""},
    Rules{Dialect::php, "-._", false, false, false, Order::names, ""},
    Rules{Dialect::node, "-_.~*'", false, true, true, Order::names, ""},
    Rules{Dialect::dotnet, "!*()-._", true, true, false, Order::names_of_dotnet, ""},
    Rules{Dialect::coldfusion, "-._~", false, true, false, Order::pairs_ignoring_case, ""},
    Rules{Dialect::java, ".-*_", true, true, false, Order::names, ""},
    Rules{Dialect::java_v3, "", false, true, false, Order::pairs, ":+ /"},
};
static_assert(table.size() == dialects.size());

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool contains(std::string_view set, char c) {
  return set.find(c) != std::string_view::npos;
}

std::string escaped(std::string_view text, const Rules& rules) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const bool is_literal = rules.escaped_alone.empty()
                                ? is_alphanumeric(c) || contains(rules.literal, c)
                                : !contains(rules.escaped_alone, c);
    if (is_literal) {
      result += c;
    } else if (c == ' ' && rules.space_is_plus) {
      result += '+';
    } else {
      const auto byte = static_cast<unsigned char>(c);
      result += '%';
      result += digits[byte >> 4U];
      result += digits[byte & 0xFU];
    }
  }
  return result;
}

// "base[key]" is one name; its brackets are not escaped.
std::string escaped_name(std::string_view name, const Rules& rules) {
  if (rules.names_are_literal) {
    return rules.escaped_alone.empty() ? std::string(name) : escaped(name, rules);
  }
  Rules with_brackets = rules;
  const std::string literal = std::string(rules.literal) + "[]";
  with_brackets.literal = literal;
  return escaped(name, with_brackets);
}

// The order of .NET's cultures for the names that occur: signs, digits, letters; letters first
// without regard to case, then lower case before upper.
std::string dotnet_sort_key(std::string_view name) {
  std::string key;
  for (const char c : name) {
    key += static_cast<char>(!is_alphanumeric(c) ? 1 : (c <= '9' ? 2 : 3));
    key += to_lower(std::string_view(&c, 1));
  }
  key += '\0';
  for (const char c : name) {
    key += static_cast<char>(c >= 'a' && c <= 'z' ? 1 : 2);
  }
  return key;
}

struct Pair {
  std::string sort_key;
  std::string text;
};

Pair pair_of(const FormField& field, const Rules& rules) {
  Pair pair;
  pair.text = escaped_name(field.name, rules) + "=" + escaped(field.value, rules);
  switch (rules.order) {
    case Order::names:
      pair.sort_key = field.name;
      break;
    case Order::names_of_dotnet:
      pair.sort_key = dotnet_sort_key(field.name);
      break;
    case Order::pairs:
      pair.sort_key = field.name + "=" + field.value;
      break;
    case Order::pairs_ignoring_case:
      pair.sort_key = to_lower(pair.text);
      break;
  }
  return pair;
}

void sort(std::vector<FormField>& fields) {
  std::ranges::sort(fields, {}, [](const FormField& f) { return std::tie(f.name, f.value); });
}

bool reads_back_as(const std::string& text, std::vector<FormField> fields) {
  Result<std::vector<FormField>> read = http::parse_urlencoded(text);
  if (!read) {
    return false;
  }
  sort(*read);
  sort(fields);
  return *read == fields;
}

const Rules& rules_of(Dialect dialect) {
  const auto index = static_cast<std::size_t>(dialect);
  SLUICE_CHECK(index < table.size() && table[index].dialect == dialect);
  return table[index];
}

std::vector<FormField> signed_fields(std::vector<FormField> fields, const Rules& rules) {
  std::erase_if(fields, [&rules](const FormField& field) {
    return field.name == "signature" || (field.name == "file" && !rules.signs_file);
  });
  return fields;
}

std::string joined(const std::vector<FormField>& fields, const Rules& rules) {
  std::vector<Pair> pairs;
  pairs.reserve(fields.size());
  for (const FormField& field : fields) {
    pairs.push_back(pair_of(field, rules));
  }
  std::ranges::sort(pairs, {}, [](const Pair& pair) { return std::tie(pair.sort_key, pair.text); });
  std::string text;
  for (const Pair& pair : pairs) {
    if (!text.empty()) {
      text += '&';
    }
    text += pair.text;
  }
  return text;
}

}  // namespace

std::optional<std::string> canonical_query(std::vector<FormField> fields, Dialect dialect) {
  const Rules& rules = rules_of(dialect);
  fields = signed_fields(std::move(fields), rules);
  std::string text = joined(fields, rules);
  // The documented form escapes whatever could be misread.
  if (dialect != Dialect::documented && !reads_back_as(text, std::move(fields))) {
    return std::nullopt;
  }
  return text;
}

std::string unproved_query(std::vector<FormField> fields, Dialect dialect) {
  const Rules& rules = rules_of(dialect);
  return joined(signed_fields(std::move(fields), rules), rules);
}

}  // namespace sluice::auth
