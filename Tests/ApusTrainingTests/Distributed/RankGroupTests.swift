// What ranks do together: sums in the order of the ranks, agreement on failures, time limits, requests of rank 0.

import ApusBasics
import Testing

@testable import ApusTraining

@Suite struct RankGroupTests {
  @Test(arguments: [1, 2, 3, 5])
  func sumsGoByRank(_ size: Int) throws {
    // Any other order gives other bits.
    let values: [Double] = [1e16, 1, -1e16, 3.3, 0.1]
    let (results, _) = onRanks(size) { try $0.sum(values[$0.rank], 1, "a test") }
    let expected = values[..<size].dropFirst().reduce(values[0], +)
    for result in results { #expect(try result.get() == (expected, Double(size))) }
  }

  @Test(arguments: [1, 2, 4])
  func textsTravel(_ size: Int) throws {
    let (results, _) = onRanks(size) { group in
      let texts = try group.gather(String(repeating: "ä", count: group.rank * 1000), "a test")
      return (texts.map(\.count), try group.broadcast(group.isFirst ? "from 0" : "", "a test"))
    }
    for (rank, result) in results.enumerated() {
      let (counts, text) = try result.get()
      #expect(counts == (rank == 0 ? (0..<size).map { $0 * 1000 } : []))
      #expect(text == "from 0")
    }
  }

  struct Broken: ApusError {
    var description: String { "no such file" }
  }

  @Test func oneFailureIsEverybodys() {
    let (results, store) = onRanks(3) { group in
      try group.guarding { try group.confirm("a test") { if group.rank == 2 { throw Broken() } } }
    }
    for result in results {
      #expect(throws: CommunicationError.failed(rank: 2, message: "no such file")) { try result.get() }
    }
    #expect(store.aborts.isEmpty)
  }

  @Test func anErrorOfOneEndsAll() {
    let (results, store) = onRanks(2, timeout: 0.2) { group in
      try group.guarding {
        if group.rank == 1 { throw Broken() }
        _ = try group.sum(1, 1, "a test")
      }
    }
    #expect(throws: Broken.self) { try results[1].get() }
    #expect(
      throws: CommunicationError.silent(rank: 1, by: 0, awaited: "a test", seconds: 0.2)
    ) { try results[0].get() }
    #expect(Set(store.aborts) == [0, 1])
  }

  @Test func rankZeroLeads() throws {
    let (results, _) = onRanks(3) { group in
      var answered: [Int] = []
      try group.lead { state, piece, start throws(CommunicationError) in
        answered += [state, piece, start]
      } _: {
        try group.ask(1, .state(4, piece: 5, start: 1 << 40))
        try group.ask(2, .state(6, piece: 7, start: 8))
        try group.ask(1, .state(9, piece: 0, start: 0))
      }
      return answered
    }
    #expect(try results.map { try $0.get() } == [[], [4, 5, 1 << 40, 9, 0, 0], [6, 7, 8]])
  }

  @Test func aFailureOfRankZeroIsToldWhileItLeads() {
    let (results, _) = onRanks(3) { group in
      try group.lead { _, _, _ in
      } _: {
        throw Broken()
      }
    }
    for result in results {
      #expect(throws: CommunicationError.failed(rank: 0, message: "no such file")) { try result.get() }
    }
  }

  @Test func configurationsMustBeEqual() throws {
    func identity(_ settings: [String], data: UInt64 = 1, version: Int = 1) throws -> RunIdentity {
      let text =
        #"{"model": {"architecture": "gpt2", "layers": 1, "hidden": 8, "heads": 1}, "#
        + #""data": {"train": ["a.txt"], "tokenizer": "b.json"}, "steps": 5}"#
      return RunIdentity(
        try TrainingConfiguration(parsing: Array(text.utf8), name: "run.json", settings: settings),
        data: data, version: version)
    }
    let own = try identity([]).json
    #expect(RunIdentity.difference(own, own) == nil)
    #expect(
      RunIdentity.difference(own, try identity(["checkpoint.directory=elsewhere", "threads=3"]).json) == nil)
    let other = try #require(RunIdentity.difference(own, try identity(["steps=6"]).json))
    #expect(other.contains("\"steps\": 6") && other.contains("5"), "\(other)")
    #expect(RunIdentity.difference(own, try identity([], data: 2).json)?.contains("data") == true)
    #expect(RunIdentity.difference(own, try identity([], version: 2).json)?.contains("build") == true)
    #expect(RunIdentity.difference(own, .null) != nil)
  }

  @Test func launchersAreRecognised() {
    func count(_ variables: [String: String]) -> Int? { processCount { variables[$0] } }
    #expect(count([:]) == nil)
    #expect(count(["OMPI_COMM_WORLD_SIZE": "4"]) == 4)
    #expect(count(["PMI_SIZE": "2", "PMI_RANK": "0"]) == 2)
    #expect(count(["SLURM_NTASKS": "8"]) == nil)
    #expect(count(["SLURM_NTASKS": "8", "PMIX_RANK": "3"]) == 8)
    #expect(count(["OMPI_COMM_WORLD_SIZE": "many"]) == nil)
  }

  #if !APUS_MPI
    @Test func severalProcessesNeedABuildWithMPI() throws {
      #expect(throws: CommunicationError.notBuilt(processes: 4)) {
        try joinProcesses { $0 == "OMPI_COMM_WORLD_SIZE" ? "4" : nil }
      }
      #expect("\(CommunicationError.notBuilt(processes: 4))".contains("--traits MPI"))
      #expect(try joinProcesses { _ in nil }.size == 1)
    }
  #endif
}
