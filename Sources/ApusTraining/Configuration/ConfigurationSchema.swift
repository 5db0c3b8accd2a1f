// The keys told to others: a JSON Schema for editors, a text for terminals, a table for configs/README.md.

import ApusBasics

extension TrainingConfiguration {
  /// A JSON Schema (draft 7, which editors know best) of configuration files.
  public static var schema: JSONValue {
    var root = object(section: "", title: "Apus training configuration")
    root["$schema"] = .string("http://json-schema.org/draft-07/schema#")
    return .object(root)
  }

  private static func object(section: String, title: String) -> JSONObject {
    var properties = JSONObject()
    if section.isEmpty {
      properties["$schema"] = .members(["type": .string("string"), "description": .string("This schema.")])
    }
    for inner in sections where parent(of: inner.name) == section && !inner.name.isEmpty {
      let name = String(inner.name.split(separator: ".").last ?? "")
      properties[name] = .object(object(section: inner.name, title: inner.summary))
    }
    let standard = TrainingConfiguration()
    for key in keys where key.section == section {
      properties[String(key.name)] = property(key, standard)
    }
    var result = JSONObject()
    result["description"] = .string(title)
    result["type"] = .string("object")
    result["properties"] = .object(properties)
    result["additionalProperties"] = .bool(false)
    return result
  }

  private static func property(_ key: ConfigurationKey, _ standard: TrainingConfiguration) -> JSONValue {
    var result = JSONObject()
    result["description"] = .string(key.summary + (key.whenNull.map { " null: \($0)." } ?? ""))
    for (name, value) in key.schema {
      result[name] = value
      guard key.whenNull != nil else { continue }
      switch (name, value) {
      case ("type", .array(let types)): result[name] = .array(types + [.string("null")])
      case ("type", _): result[name] = .array([value, .string("null")])
      case ("enum", .array(let values)): result[name] = .array(values + [.null])
      default: break
      }
    }
    result["default"] = key.write(standard)
    return .object(result)
  }

  private static func parent(of section: String) -> String {
    section.lastIndex(of: ".").map { String(section[..<$0]) } ?? ""
  }

  /// All keys for a terminal of `width` columns: path, default, what is allowed, meaning.
  public static func help(width: Int = 80) -> String {
    let standard = TrainingConfiguration()
    var lines: [String] = []
    for section in sections {
      lines.append((section.name.isEmpty ? "(outermost)" : section.name) + ": " + section.summary)
      for key in keys where key.section == section.name {
        lines.append("  \(key.path) = \(defaultText(key, standard))")
        lines += wrapped(
          "\(key.summary) Allowed: \(key.allowed).", width: max(30, min(width, 100)), indentation: 6)
      }
      lines.append("")
    }
    return lines.joined(separator: "\n")
  }

  /// All keys as Markdown.
  static var markdown: String {
    let standard = TrainingConfiguration()
    var lines: [String] = []
    for section in sections {
      lines += [
        "### \(section.name.isEmpty ? "Outermost" : "`\(section.name)`")", "", section.summary, "",
        "| key | default | allowed | meaning |", "|---|---|---|---|",
      ]
      for key in keys where key.section == section.name {
        let name = "`\(key.name)`" + (key.mayChange ? " ↻" : "")
        lines.append("| \(name) | \(defaultText(key, standard)) | \(key.allowed) | \(key.summary) |")
      }
      lines.append("")
    }
    return lines.joined(separator: "\n")
  }

  private static func defaultText(_ key: ConfigurationKey, _ standard: TrainingConfiguration) -> String {
    let value = key.write(standard)
    return value.isNull ? "null (\(key.whenNull ?? ""))" : value.double.map(shortText) ?? value.serialized()
  }

  private static func wrapped(_ text: String, width: Int, indentation: Int) -> [String] {
    let margin = String(repeating: " ", count: indentation)
    var lines: [String] = []
    var line = margin
    for word in text.split(separator: " ") {
      if line.count > indentation, line.count + 1 + word.count > width {
        lines.append(line)
        line = margin
      }
      line += (line.count > indentation ? " " : "") + word
    }
    return lines + [line]
  }
}
