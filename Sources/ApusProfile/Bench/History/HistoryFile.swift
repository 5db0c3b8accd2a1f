// A history in an SQLite file: a row for each run, each test, each operation. The file's application id says that it is
// ours, its user version which schema it has. Without the package trait History there is only the word how to get it.

import ApusBasics

#if APUS_HISTORY
  /// A file of results over time, open.
  package final class HistoryFile {
    /// "Apus", as SQLite's application id.
    static let application = 0x4170_7573
    /// Of the tables; a file with a higher one was written by a newer program.
    static let schema = 1

    private let database: SQLiteDatabase

    /// Opens a history to add to, and makes it where there is no file.
    ///
    /// - Throws: `BenchError.history` for a file that is something else, is locked or cannot be written.
    package convenience init(writing path: String) throws(BenchError) {
      try self.init(SQLiteDatabase(path, writes: true))
    }

    /// Opens a history to look at.
    ///
    /// - Throws: `BenchError.history`.
    package convenience init(reading path: String) throws(BenchError) {
      try self.init(SQLiteDatabase(path, writes: false))
    }

    /// - Parameter database: open; new ones are given their tables.
    init(_ database: SQLiteDatabase) throws(BenchError) {
      self.database = database
      let application = try database.number("PRAGMA application_id")
      let version = try database.number("PRAGMA user_version")
      if application == Self.application {
        guard version == Self.schema else {
          throw database.failure("has schema \(version), and this program knows \(Self.schema)")
        }
      } else {
        guard application == 0, version == 0, try database.number("SELECT count(*) FROM sqlite_master") == 0
        else {
          throw database.failure("is an SQLite file of another program, not a history of apus bench")
        }
        guard database.writes else { throw database.failure("is empty, not a history of apus bench") }
        try make()
      }
      if database.writes { try database.run("PRAGMA synchronous = NORMAL") }
    }

    private func make() throws(BenchError) {
      // The log of changes keeps readers and the writer out of each other's way. It cannot be set in a transaction.
      _ = try database.rows("PRAGMA journal_mode = WAL")
      try database.transaction { () throws(BenchError) in
        try database.run(
          """
          CREATE TABLE runs (id INTEGER PRIMARY KEY, time INTEGER NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL,
            conditions TEXT NOT NULL, suites TEXT NOT NULL, interrupted INTEGER NOT NULL, notes TEXT NOT NULL)
          """)
        try database.run(
          """
          CREATE TABLE tests (id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs, test TEXT NOT NULL,
            unit TEXT NOT NULL, rounds INTEGER NOT NULL, median REAL NOT NULL, low REAL NOT NULL, high REAL NOT NULL)
          """)
        try database.run(
          """
          CREATE TABLE operations (test INTEGER NOT NULL REFERENCES tests, operation TEXT NOT NULL,
            seconds REAL NOT NULL, share REAL NOT NULL)
          """)
        try database.run("CREATE INDEX tests_by_name ON tests (test)")
        try database.run("PRAGMA application_id = \(Self.application)")
        try database.run("PRAGMA user_version = \(Self.schema)")
      }
    }

    /// Adds a result, all of it or nothing.
    package func append(_ record: BenchRecord) throws(BenchError) {
      try database.transaction { () throws(BenchError) in
        try database.run(
          "INSERT INTO runs (time, name, version, conditions, suites, interrupted, notes) VALUES (?, ?, ?, ?, ?, ?, ?)",
          .integer(record.time), .text(record.name), .text(record.version), .text(record.conditions),
          .text(record.suites.joined(separator: ",")), .integer(record.isInterrupted ? 1 : 0),
          .text(record.notes.joined(separator: "\n")))
        let run = database.lastRow
        for (series, point) in zip(record.tests, record.points) {
          try database.run(
            "INSERT INTO tests (run, test, unit, rounds, median, low, high) VALUES (?, ?, ?, ?, ?, ?, ?)",
            .integer(run), .text(point.test), .text(point.unit), .integer(series.rounds.count),
            .real(point.median),
            .real(point.low), .real(point.high))
          let test = database.lastRow
          for (index, name) in series.operations.enumerated() {
            try database.run(
              "INSERT INTO operations (test, operation, seconds, share) VALUES (?, ?, ?, ?)", .integer(test),
              .text(name), .real(series.rounds.map { $0.operations[index].middle }.middle),
              .real(series.share(of: index)))
          }
        }
      }
    }

    /// All medians, oldest first.
    package func points() throws(BenchError) -> [HistoryPoint] {
      let rows = try database.rows(
        """
        SELECT runs.time, runs.name, runs.version, runs.conditions, tests.test, tests.unit, tests.median, tests.low,
          tests.high FROM tests JOIN runs ON runs.id = tests.run ORDER BY runs.time, tests.id
        """)
      return rows.map { row in
        HistoryPoint(
          time: row[0].integer, name: row[1].text, version: row[2].text, conditions: row[3].text,
          test: row[4].text,
          unit: row[5].text, median: row[6].real, low: row[7].real, high: row[8].real)
      }
    }
  }
#else
  /// What stands for a history where the program was built without it.
  package final class HistoryFile {
    /// - Throws: `BenchError.history`, always.
    package init(writing path: String) throws(BenchError) { throw Self.missing(path) }

    /// - Throws: `BenchError.history`, always.
    package init(reading path: String) throws(BenchError) { throw Self.missing(path) }

    package func append(_ record: BenchRecord) throws(BenchError) {}

    package func points() throws(BenchError) -> [HistoryPoint] { [] }

    private static func missing(_ path: String) -> BenchError {
      .history(
        path: path,
        problem:
          "histories need SQLite; build with 'swift build --traits History' (Debian: apt-get install libsqlite3-dev)"
      )
    }
  }
#endif
