-- BOM and CRLF
CREATE TABLE t (
  a TEXT -- ;
);

INSERT INTO t
VALUES ('a
b');
