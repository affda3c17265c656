//! The text of filled conversations: short chat messages in Chinese and English, the same on every run.

/// A word that one message in [`RARE_EVERY`] contains.
pub(crate) const RARE_WORD: &str = "星河";
/// A word that many messages contain.
pub(crate) const COMMON_WORD: &str = "会议";
/// How many messages there are for each one with the rare word; a prime, so that no conversation gets them all.
pub(crate) const RARE_EVERY: u64 = 1_999;

/// The longest text, in bytes; messages average about 100.
const TEXT_BYTES_MAX: usize = 180;

const CHINESE: [&str; 40] = [
    "今天", "明天", "我们", "项目", "进度", "客户", "需求", "文件", "已经", "发送", "请问", "什么", "时候",
    "开始", "会议", "下午", "上午", "报告", "完成", "问题", "修复", "测试", "上线", "版本", "服务", "部署",
    "数据", "更新", "谢谢", "收到", "好的", "没有", "可以", "一起", "吃饭", "周末", "计划", "设计", "合同",
    "预算",
];
const ENGLISH: [&str; 40] = [
    "the", "release", "is", "ready", "please", "review", "this", "when", "you", "have", "time", "meeting",
    "moved", "to", "three", "budget", "approved", "thanks", "see", "attached", "report", "server", "restart",
    "done", "tests", "pass", "customer", "called", "about", "invoice", "tomorrow", "morning", "lunch",
    "design", "draft", "contract", "signed", "next", "week", "deploy",
];

/// Appends the text of message `number`; it needs no JSON escapes.
pub(crate) fn append(out: &mut Vec<u8>, number: u64) {
    let start = out.len();
    let mut random = Random(number);
    let wanted = 20 + random.below(161);
    while out.len() - start < wanted.min(TEXT_BYTES_MAX - 12) {
        match random.below(10) {
            0..5 => out.extend_from_slice(CHINESE[random.below(CHINESE.len())].as_bytes()),
            5..9 => {
                out.extend_from_slice(ENGLISH[random.below(ENGLISH.len())].as_bytes());
                out.push(b' ');
            }
            _ => out.extend_from_slice("，".as_bytes()),
        }
    }
    if number.is_multiple_of(RARE_EVERY) {
        out.extend_from_slice(RARE_WORD.as_bytes());
    }
}

/// A small generator of well-mixed numbers (splitmix64); not for secrets.
#[derive(Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which must be above 0; the bias is irrelevant for a load.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(number: u64) -> String {
        let mut out = Vec::new();
        append(&mut out, number);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn texts_are_mixed_repeatable_and_need_no_escapes() {
        let texts: Vec<String> = (0..10_000).map(text).collect();
        assert_eq!(texts[17], text(17));
        assert!(
            texts
                .iter()
                .all(|text| !text.contains(['"', '\\']) && text.len() <= TEXT_BYTES_MAX)
        );
        let mean = texts.iter().map(String::len).sum::<usize>() / texts.len();
        assert!((80..=120).contains(&mean), "{mean} bytes");
        let common = texts.iter().filter(|text| text.contains(COMMON_WORD)).count();
        assert!(
            (500..4_000).contains(&common),
            "{common} of 10,000 with the common word"
        );
    }

    #[test]
    fn the_rare_word_comes_by_plan_only() {
        for number in 0..10_000 {
            assert_eq!(
                text(number).contains(RARE_WORD),
                number % RARE_EVERY == 0,
                "message {number}"
            );
        }
    }
}
