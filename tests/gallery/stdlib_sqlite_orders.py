# A small shop in SQLite: constraints, transactions, joins, windows, own functions, full-text search, JSON, a backup.
import json
import sqlite3
from contextlib import closing
from pathlib import Path

SCHEMA = """
pragma foreign_keys = on;
create table customer (id integer primary key, name text not null unique, extra text);
create table product (id integer primary key, name text, price real check (price > 0));
create table sale (
    id integer primary key, customer integer not null references customer,
    product integer references product, units integer default 1, day text);
create index sale_day on sale (day);
create virtual table note using fts5(body);
"""
TOTALS = """
select c.name, count(s.id) as n, coalesce(sum(s.units * p.price), 0) as total
from customer c left join sale s on s.customer = c.id left join product p on p.id = s.product
group by c.id order by total desc
"""
RUNNING = """
select day, sum(units) over (order by day) as so_far, rank() over (order by units desc) as place
from sale where customer = ? order by day limit 4
"""
FIBONACCI = "with recursive f(a, b) as (select 0, 1 union all select b, a + b from f limit 10) select a from f"

with closing(sqlite3.connect("shop.db")) as db:
    db.row_factory = sqlite3.Row
    db.executescript(SCHEMA)
    with db:
        ada = json.dumps({"city": "Leiden", "tags": ["vip", "old"]})
        bob = json.dumps({"city": "Gent", "tags": []})
        people = [("Ada", ada), ("Bob", bob), ("Cleo", None)]
        db.executemany("insert into customer (name, extra) values (?, ?)", people)
        goods = [{"n": "pen", "p": 1.5}, {"n": "ink", "p": 6.25}, {"n": "book", "p": 18}]
        db.executemany("insert into product (name, price) values (:n, :p)", goods)
        sales = [(1 + i % 2, 1 + i % 3, 1 + i % 4, f"2024-05-{1 + i:02d}") for i in range(12)]
        db.executemany("insert into sale (customer, product, units, day) values (?, ?, ?, ?)", sales)
    for bad in (
        "product (name, price) values ('x', -1)",
        "sale (customer) values (99)",
        "customer (name) values ('Ada')",
    ):
        try:
            with db:
                db.execute("update product set price = 1000")
                db.execute(f"insert into {bad}")
        except sqlite3.IntegrityError as error:
            print("refused:", error)
    print("rolled back:", [row["price"] for row in db.execute("select price from product")])

    for row in db.execute(TOTALS):
        print(f"  {row['name']:<5} {row['n']:2d} {row['total']:8.2f}")
    print("columns:", db.execute(TOTALS).fetchone().keys())
    print("running:", [tuple(row) for row in db.execute(RUNNING, (2,))])
    print("recursive:", [row[0] for row in db.execute(FIBONACCI)])
    print("city:", [row[0] for row in db.execute("select json_extract(extra, '$.city') from customer")])
    print("tags:", [row[0] for row in db.execute("select value from customer, json_each(extra, '$.tags')")])

    db.create_function("initials", 1, lambda text: "".join(word[0] for word in text.split()), deterministic=True)
    print("own function:", db.execute("select initials('Grace Brewster Hopper')").fetchone()[0])
    db.executemany("insert into note values (?)", [("blue ink on paper",), ("about ink and pens",), ("paper only",)])
    print("search:", [row[0] for row in db.execute("select body from note where note match 'ink' order by body")])
    db.execute("insert into product values (1, 'pen', 2) on conflict (id) do update set price = excluded.price")
    db.execute("savepoint before")
    db.execute("delete from sale")
    db.execute("rollback to before")
    print(
        "price, sales:",
        *(db.execute(f"select {what}").fetchone()[0] for what in ("price from product", "count(*) from sale")),
    )
    plan = db.execute("explain query plan select * from sale where day > '2024-05-05'").fetchone()
    print("uses the index:", "sale_day" in plan["detail"])
    db.commit()
    with closing(sqlite3.connect(":memory:")) as copy:
        db.backup(copy)
        print("copied:", copy.execute("select count(*), max(day) from sale").fetchone())
print("file:", Path("shop.db").read_bytes()[:15].decode(), Path("shop.db").stat().st_size % 4096 == 0)
