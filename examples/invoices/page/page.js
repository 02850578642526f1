// Sends orders to this application, and draws the numbers of the invoices that it answers with.

const ORDERS = 150, AT_ONCE = 12, LIMIT_IN_CENTS = 100000
const get = (id) => document.getElementById(id)

/** A row of numbers: a cell for each from the first to the last, a hole where none was saved. */
class Row {
  constructor(id) {
    [this.cells, this.sum, this.first, this.saved] = [get(id), get(`${id}-sum`), 1, 0]
  }

  add(number) {
    while (this.first + this.cells.childElementCount <= number) {
      const cell = this.cells.appendChild(document.createElement("span"))
      cell.textContent = this.first + this.cells.childElementCount - 1
      cell.className = "hole"
    }
    this.cells.children[number - this.first].className = ""
    this.saved += 1
    this.sum.textContent = `${this.saved} saved, ${this.holes} ${this.holes === 1 ? "hole" : "holes"}`
  }

  get holes() {
    return this.cells.childElementCount - this.saved
  }
}

const rows = [new Row("aseq"), new Row("usual")]
const numbers = (invoice) => [Number(invoice.number.split("-").pop()), invoice.id]
const draw = (invoice) => numbers(invoice).forEach((number, i) => rows[i].add(number))

async function send(order) {
  const body = JSON.stringify(order), headers = { "Content-Type": "application/json" }
  try {
    const response = await fetch("/shop/invoices", { method: "POST", headers, body })
    const answer = await response.json()
    if (response.ok) draw(answer)
    return { status: response.status, text: response.ok ? `Issued ${answer.number}.` : String(answer.detail) }
  } catch {
    return { status: 0, text: "No answer: is the server still there?" }
  }
}

function orders() {
  const bad = Array.from({ length: ORDERS }, (_, i) => ({ rank: Math.random(), refused: i % 3 === 2 }))
  bad.sort((one, other) => one.rank - other.rank)
  return bad.map(({ refused }, i) => (
    { customer: `customer ${i % 40}`, cents: refused ? LIMIT_IN_CENTS + 1 : 100 }
  ))
}

async function storm() {
  if (get("storm").ariaDisabled === "true") return
  get("storm").ariaDisabled = "true" // not `disabled`, which would take the focus away
  judge("", "The storm is on ...")
  const waiting = orders(), seen = { issued: 0, refused: 0, "without an answer": 0 }
  const sender = async () => {
    for (let order; (order = waiting.pop()); ) {
      const { status } = await send(order)
      seen[status === 201 ? "issued" : status === 0 ? "without an answer" : "refused"] += 1
      get("progress").value = ORDERS - waiting.length
      get("counts").textContent = Object.entries(seen)
        .filter(([, count]) => count).map(([what, count]) => `${count} ${what}`).join(", ")
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, sender))
  await ask()
  get("storm").ariaDisabled = "false"
}

function judge(kind, text, report = "") {
  get("verdict").className = kind
  get("verdict").textContent = text
  get("report").textContent = report
  get("report").hidden = !report
}

/** Let the auditor look at the invoices in the database. */
async function ask() {
  try {
    const found = await (await fetch("/shop/audit")).json()
    const verdict = found.ok ? "aseq: every number once, and none is missing. " : "aseq: something is wrong. "
    const holes = rows[1].holes
    const usual = holes ? `The usual way: ${holes} numbers that nobody can explain.` : "The usual way: no holes, either."
    judge(found.ok ? "ok" : "wrong", verdict + usual, found.report)
    return found
  } catch {
    judge("wrong", "The auditor couldn’t ask: is the server still there?")
  }
}

function introduce(database) {
  if (database === "postgresql") {
    get("usual-name").textContent = "PostgreSQL’s identity column, of the same rows"
    return
  }
  get("usual-name").textContent = "SQLite’s own row id, of the same rows"
  get("usual-note").hidden = false
  get("usual-note").textContent = "SQLite lets one transaction write at a time, and takes the id back when it "
    + "rolls back: so this row has no holes, either. On PostgreSQL it has: run make serve without DATABASE_URL."
}

async function start() {
  const invoices = await (await fetch("/shop/invoices")).json() // the latest 1000
  if (invoices.length === 1000) {
    rows.forEach((row, i) => { row.first = Math.min(...invoices.map((each) => numbers(each)[i])) })
  }
  invoices.forEach(draw)
  const { database } = await (await fetch("/shop/audit")).json()
  introduce(database)
  document.body.dataset.ready = "true"
}

get("storm").addEventListener("click", storm)
document.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault()
  const { customer, amount } = Object.fromEntries(new FormData(event.target))
  const { status, text } = await send({ customer, cents: Math.round(amount * 100) })
  get("answer").textContent = text
  if (status === 201) await ask()
})
start()
