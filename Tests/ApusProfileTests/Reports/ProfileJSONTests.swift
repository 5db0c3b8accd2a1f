// Profiles read back from their JSON, and what is said of files that are none.

import ApusBasics
import Testing

@testable import ApusProfile

@Suite struct ProfileJSONTests {
  @Test func readsBack() throws {
    var large = smallProfile
    large.counters.cycles = .max
    large.isInterrupted = true
    large.system.allocations = nil
    large.phases[0].operations[0].flops = 0.1 + 0.2
    large.phases[0].operations[0].single = UInt64(Int64.max) + 1
    for profile in [
      smallProfile, large, emptyProfile, modelProfile(seed: 1, layers: 2, threads: 3, spans: 50),
    ] {
      let bytes = Array(profile.json.serialized().utf8)
      #expect(try Profile(parsing: bytes) == profile)
    }
  }

  @Test(arguments: hostileNames) func hostile(_ name: String) throws {
    let profile = hostileProfile(name)
    #expect(try Profile(parsing: Array(profile.json.serialized().utf8)) == profile)
  }

  /// Every member that is taken away or replaced is missed by its path, unless it may be null.
  @Test func damage() throws {
    let optional: Set = [
      "machine.single.bf16", "machine.single.int8", "machine.all.bf16", "machine.all.int8",
      "system.allocations", "system.throttledMicroseconds", "system.stolenMicroseconds", "counters.cycles",
      "counters.instructions", "counters.cacheMisses", "counters.branchMisses", "counters.unavailable",
      "format", "version",
    ]
    let json = smallProfile.json
    for name in try #require(json.object).keys where !optional.contains(name) {
      #expect(Self.error(json, [name], .null) == name, "\(name)")
    }
    // A group of values that may all be missing must itself be there.
    for value in [.int(3), .array([]), .string("none")] as [JSONValue] {
      #expect(Self.error(json, ["counters"], value) == "counters")
    }
    #expect(Self.error(json, ["counters"], .members([])) == nil)
    for group in ["machine", "system"] {
      for name in try #require(json[group]?.object).keys where !optional.contains("\(group).\(name)") {
        #expect(Self.error(json, [group, name], .null) == "\(group).\(name)")
        #expect(Self.error(json, [group, name], .int(-1)) == "\(group).\(name)")
      }
    }
  }

  private static func error(_ json: JSONValue, _ path: [String], _ value: JSONValue) -> String? {
    do throws(ProfileError) {
      _ = try Profile(json: replaced(json, path[...], value))
      return nil
    } catch {
      guard case .value(let path, _) = error else { return "\(error)" }
      return path
    }
  }

  private static func replaced(_ json: JSONValue, _ path: ArraySlice<String>, _ value: JSONValue) -> JSONValue
  {
    guard let name = path.first, var object = json.object, let inner = object[name] else { return value }
    object[name] = replaced(inner, path.dropFirst(), value)
    return .object(object)
  }

  @Test func saysWhatIsWrong() {
    func message(_ text: String) -> String {
      do throws(ProfileError) {
        _ = try Profile(parsing: Array(text.utf8))
        return ""
      } catch { return error.description }
    }
    let good = smallProfile.json.serialized()
    #expect(message("") == "the profile is not JSON: line 1, column 1: the text ends where a value should be")
    #expect(message(String(good.dropLast(9))).hasPrefix("the profile is not JSON: line 1, column "))
    #expect(message("[1]").hasPrefix("not a profile: \"format\" should be \"apus profile\""))
    #expect(
      message("{\"format\":\"apus profile\",\"version\":7}").hasPrefix("a profile of version 7, and this"))
    #expect(
      message(good.replacing("\"int8\",\"calls\"", with: "\"int9\",\"calls\""))
        == "the profile is damaged: phases[0].operations[1].arithmetic should be one of f32, bf16, int8")
    #expect(
      message(good.replacing("[1,12000,261501,0,1]", with: "[1,12000,261501,1,1]"))
        == "the profile is damaged: timeline[3][3] should be the place of one of 1 phases")
    #expect(
      message(good.replacing("[1,12000,261501,0,1]", with: "[1,12000,261501,0,4]"))
        == "the profile is damaged: timeline[3][4] should be the place of one of 4 operations, or null")
    #expect(
      message(good.replacing("[1,12000,261501,0,1]", with: "[1,12000,11999,0,1]"))
        == "the profile is damaged: timeline[3][2] should be no earlier than the start, 12000")
    #expect(
      message(good.replacing("[500000,3000000]", with: "[500000]"))
        == "the profile is damaged: memoryOverTime[1] should be a list of 2 values")
  }
}

extension String {
  /// The text with every `old` replaced, of which there must be one.
  fileprivate func replacing(_ old: String, with new: String) -> String {
    var parts: [String] = [""]
    var rest = Substring(self)
    while !rest.isEmpty {
      if rest.hasPrefix(old) {
        parts.append("")
        rest = rest.dropFirst(old.count)
      } else {
        parts[parts.count - 1].append(rest.removeFirst())
      }
    }
    precondition(parts.count > 1, "\(old) is not there")
    return parts.joined(separator: new)
  }
}
