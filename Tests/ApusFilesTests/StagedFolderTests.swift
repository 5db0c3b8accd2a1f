// Writing model folders: nothing before commit, nothing of another model behind it, nothing left by those who give up.

import ApusFiles
import ApusRuntime
import ApusTestSupport
import Testing

@Suite struct StagedFolderTests {
  private let scratch = ScratchDirectory()

  private func write(_ folder: borrowing StagedFolder, _ names: [String]) throws {
    for name in names { try writeFile(folder.path + "/" + name, Array("new \(name)".utf8)) }
  }

  private func content(_ name: String) -> String? {
    readFile(scratch.file("model/" + name)).map { String(decoding: $0, as: UTF8.self) }
  }

  @Test func aNewFolderAppearsWhole() throws {
    let folder = try StagedFolder(scratch.file("model/"), replacing: false)
    try write(folder, ["config.json", "model.safetensors"])
    #expect(FileKind(scratch.file("model")) == .none)
    try folder.commit()
    #expect(scratch.names == ["model"])
    #expect(
      content("config.json") == "new config.json" && content("model.safetensors") == "new model.safetensors")
  }

  @Test func withoutCommitNothingIsLeft() throws {
    func giveUp() throws {
      let folder = try StagedFolder(scratch.file("model"), replacing: false)
      try write(folder, ["config.json"])
    }
    try giveUp()
    #expect(scratch.names == [])
  }

  @Test("F84: a folder with files is refused unless asked for; an empty one is not")
  func existing() throws {
    try makeDirectory(scratch.file("model"))
    try StagedFolder(scratch.file("model"), replacing: false).commit()
    try writeFile(scratch.file("model/notes.txt"), [1])
    #expect(throws: FileError.exists(path: scratch.file("model"))) {
      _ = try StagedFolder(scratch.file("model"), replacing: false)
    }
    scratch.write("file", [1])
    #expect(throws: FileError.self) { _ = try StagedFolder(scratch.file("file"), replacing: true) }
    #expect(throws: FileError.self) { _ = try StagedFolder(scratch.file("none/model"), replacing: true) }
    #expect(scratch.names == ["file", "model"])
  }

  @Test("another model's weights go, other files stay")
  func replacing() throws {
    try makeDirectory(scratch.file("model"))
    for name in [
      "config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
      "model.safetensors.index.json", "README.md", "tokenizer.json",
    ] { try writeFile(scratch.file("model/" + name), Array("old".utf8)) }
    let folder = try StagedFolder(scratch.file("model"), replacing: true)
    try write(folder, ["config.json", "model.safetensors", "tokenizer.json"])
    #expect(content("config.json") == "old")
    try folder.commit()
    #expect(content("config.json") == "new config.json" && content("tokenizer.json") == "new tokenizer.json")
    #expect(content("README.md") == "old")
    #expect(content("model.safetensors") != nil && content("model.safetensors.index.json") == nil)
    #expect(content("model-00001-of-00002.safetensors") == nil)
    #expect(content("model-00002-of-00002.safetensors") == nil)
  }

  @Test("what a killed writer left is removed, what a living one has is not")
  func stale() throws {
    try makeDirectory(scratch.file(".model.tmp.1.0"))
    try writeFile(scratch.file(".model.tmp.1.0/config.json"), [1])
    let first = try StagedFolder(scratch.file("model"), replacing: false)
    #expect(FileKind(scratch.file(".model.tmp.1.0")) == .none)
    let second = try StagedFolder(scratch.file("model"), replacing: false)
    #expect(FileKind(first.path) == .folder && first.path != second.path)
    try write(first, ["config.json"])
    try first.commit()
    // Whoever comes second to a new name finds it taken.
    try write(second, ["config.json"])
    var failed = false
    do throws(FileError) { try second.commit() } catch { failed = true }
    #expect(failed)
    #expect(scratch.names == ["model"])
  }
}
