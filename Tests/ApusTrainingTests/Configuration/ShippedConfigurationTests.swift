// The files in configs/: they are read, and what is generated from the table of keys is up to date. With
// APUS_REGENERATE=1 in the environment the generated parts are written anew.

import ApusBasics
import ApusRuntime
import ApusTestSupport
import ApusText
import Testing

@testable import ApusTraining

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

struct ShippedConfigurationTests {
  static let folder = Fixtures.path("../../configs/")
  static let regenerates = getenv("APUS_REGENERATE") != nil
  static let heading = "## Every key\n"

  @Test(arguments: [
    ("pretrain-small", 256, 2, 10_000, 32 * 128), ("pretrain", 384, 6, 16_384, 16 * 256),
    ("gpt2-124m", 768, 12, 50_257, 64 * 256),
  ])
  func isRead(_ name: String, _ hidden: Int, _ layers: Int, _ vocabulary: Int, _ tokens: Int) throws {
    let configuration = try TrainingConfiguration(path: Self.folder + name + ".json")
    #expect(configuration.model.sizes?.hidden == hidden)
    #expect(configuration.model.sizes?.layers == layers)
    #expect(configuration.model.sizes?.headSize == 64)
    #expect(configuration.model.vocabulary == vocabulary)
    #expect(configuration.batch.sequences * configuration.batch.length == tokens)
    #expect(configuration.notes == [])
  }

  @Test func fineTuningIsRead() throws {
    let configuration = try TrainingConfiguration(path: Self.folder + "chain-of-thought.json")
    #expect(configuration.objective == .sft && configuration.notes == [])
    #expect(configuration.batch.sequences * configuration.batch.length == 16 * 256)
    let path = try #require(configuration.data.chatTemplate)
    #expect(path == "configs/chat.jinja")
    let source = String(decoding: try #require(readFile(Self.folder + "chat.jinja")), as: UTF8.self)
    let template = try ChatTemplate(source)
    let messages = [
      ChatMessage(role: "user", content: " 1 + 1?\n"), ChatMessage(role: "assistant", content: "2"),
    ]
    func render(_ count: Int, prompt: Bool) throws -> RenderedChat {
      try template.render(
        messages: Array(messages[..<count]), addGenerationPrompt: prompt,
        variables: ["eos_token": .string("<end>")])
    }
    let text = try render(2, prompt: false)
    #expect(text.text == "User:\n1 + 1?\n\nAssistant:\n2<end>\n\n")
    #expect(text.segments.filter(\.isGenerated).map(\.text).joined() == "2<end>")
    #expect(text.text.hasPrefix(try render(1, prompt: true).text))
  }

  @Test func preferenceLearningIsRead() throws {
    let configuration = try TrainingConfiguration(path: Self.folder + "dpo.json")
    #expect(configuration.objective == .dpo && configuration.notes == [])
    #expect(configuration.preference.beta == 0.1)
  }

  @Test func theSchemaIsNotStale() throws {
    let text = TrainingConfiguration.schema.serialized(pretty: true) + "\n"
    if Self.regenerates { try Self.write("schema.json", text) }
    let isCurrent = readFile(Self.folder + "schema.json") == Array(text.utf8)
    #expect(isCurrent, "configs/schema.json is stale: run this test with APUS_REGENERATE=1")
  }

  @Test func theReadmeIsNotStale() throws {
    let readme = String(decoding: try #require(readFile(Self.folder + "README.md")), as: UTF8.self)
    let parts = readme.split(separator: Self.heading, maxSplits: 1)
    let prose = try #require(parts.first)
    let head = try #require(parts.last?.split(separator: "\n### ", maxSplits: 1).first)
    let text = prose + Self.heading + head + "\n" + TrainingConfiguration.markdown
    if Self.regenerates { try Self.write("README.md", text) }
    #expect(
      readFile(Self.folder + "README.md") == Array(text.utf8),
      "configs/README.md is stale: run this test with APUS_REGENERATE=1")
  }

  private static func write(_ name: String, _ text: String) throws {
    var file = try AtomicFile(path: folder + name, replacing: true)
    try file.write(Array(text.utf8))
    try file.commit()
  }
}
