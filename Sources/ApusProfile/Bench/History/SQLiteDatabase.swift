// The little of SQLite that a history needs: statements with values, rows, transactions, and its errors in words.

#if APUS_HISTORY
  import CSQLite

  /// An open database. Not thread-safe.
  final class SQLiteDatabase {
    /// A value that goes in or comes out.
    enum Value {
      case integer(Int)
      case real(Double)
      case text(String)

      var integer: Int { if case .integer(let value) = self { value } else { 0 } }
      var text: String { if case .text(let value) = self { value } else { "" } }
      var real: Double {
        switch self {
        case .real(let value): value
        case .integer(let value): Double(value)
        case .text: 0
        }
      }
    }

    let path: String
    let writes: Bool
    private var handle: OpaquePointer?

    /// - Parameters:
    ///   - writes: makes the file where there is none.
    ///   - pageLimit: the most pages of 4 KiB, for tests of a full disk.
    init(_ path: String, writes: Bool, pageLimit: Int? = nil) throws(BenchError) {
      self.path = path
      self.writes = writes
      let flags = writes ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY
      let code = sqlite3_open_v2(path, &handle, flags | SQLITE_OPEN_NOMUTEX, nil)
      guard code == SQLITE_OK else { throw failure(code) }
      // Another program adds a result in milliseconds.
      sqlite3_busy_timeout(handle, 2000)
      // Opening alone reads nothing of the file. A database that may only be read is opened all the same.
      _ = try number("PRAGMA schema_version")
      if writes, sqlite3_db_readonly(handle, "main") == 1 { throw failure(SQLITE_READONLY) }
      if let pageLimit { try run("PRAGMA max_page_count = \(pageLimit)") }
    }

    deinit { sqlite3_close_v2(handle) }

    /// The row added last.
    var lastRow: Int { Int(sqlite3_last_insert_rowid(handle)) }

    /// Runs a statement to its end.
    func run(_ statement: String, _ values: Value...) throws(BenchError) {
      _ = try execute(statement, values)
    }

    /// All rows of a query.
    func rows(_ query: String) throws(BenchError) -> [[Value]] { try execute(query, []) }

    /// The number that a query gives; 0 for none.
    func number(_ query: String) throws(BenchError) -> Int { try rows(query).first?.first?.integer ?? 0 }

    /// Runs `body` as one change, or takes all of it back.
    func transaction(_ body: () throws(BenchError) -> Void) throws(BenchError) {
      try run("BEGIN IMMEDIATE")
      do {
        try body()
        try run("COMMIT")
      } catch {
        try? run("ROLLBACK")
        throw error
      }
    }

    private func execute(_ text: String, _ values: [Value]) throws(BenchError) -> [[Value]] {
      var statement: OpaquePointer?
      var code = sqlite3_prepare_v2(handle, text, -1, &statement, nil)
      defer { sqlite3_finalize(statement) }
      guard code == SQLITE_OK else { throw failure(code) }
      for (index, value) in values.enumerated() {
        let place = Int32(index + 1)
        switch value {
        case .integer(let value): code = sqlite3_bind_int64(statement, place, Int64(value))
        case .real(let value): code = sqlite3_bind_double(statement, place, value)
        case .text(let value):
          code = apus_sqlite_bind_text(statement, place, value, Int32(clamping: value.utf8.count))
        }
        guard code == SQLITE_OK else { throw failure(code) }
      }
      var rows: [[Value]] = []
      while true {
        code = sqlite3_step(statement)
        if code == SQLITE_DONE { return rows }
        guard code == SQLITE_ROW else { throw failure(code) }
        rows.append((0..<sqlite3_column_count(statement)).map { Self.value(statement, $0) })
      }
    }

    private static func value(_ statement: OpaquePointer?, _ column: Int32) -> Value {
      switch sqlite3_column_type(statement, column) {
      case SQLITE_INTEGER: .integer(Int(sqlite3_column_int64(statement, column)))
      case SQLITE_FLOAT: .real(sqlite3_column_double(statement, column))
      default: .text(sqlite3_column_text(statement, column).map { String(cString: $0) } ?? "")
      }
    }

    /// An error about this file.
    func failure(_ problem: String) -> BenchError { .history(path: path, problem: problem) }

    private func failure(_ code: Int32) -> BenchError {
      switch code & 0xFF {
      case SQLITE_NOTADB, SQLITE_CORRUPT: failure("is no SQLite file, or a damaged one")
      case SQLITE_BUSY, SQLITE_LOCKED: failure("is in use by another program; try again when that is done")
      case SQLITE_READONLY, SQLITE_PERM: failure("may not be written to")
      case SQLITE_FULL: failure("the disk is full; nothing was added")
      case SQLITE_CANTOPEN: failure(writes ? "cannot be opened or made" : "cannot be opened")
      default:
        failure(
          "SQLite says: \(handle.flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) } ?? "error \(code)")"
        )
      }
    }
  }
#endif
