SELECT 'a;''b;', E'it\'s; \\', e'\';', U&'d\0061;' UESCAPE '!', b'01', X'0F', N'n;';
SELECT 'a\';
SELECT E'first\';'
  -- the next part is read as the first was
  'second\';' ; SELECT "a"";b", U&"c;" FROM t;
SELECT nameE'\', 1;
