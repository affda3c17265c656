//! The envelope of a refused call, and the one place where core's cases become this dialect's codes and texts.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use parlance_core::{Error, ErrorKind};
use serde_json::json;

/// `{code, msg, data:null}` with its HTTP status.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: u16,
    pub(crate) msg: String,
    retry_after: Option<String>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: u16, msg: impl Into<String>) -> Self {
        Self {
            status,
            code,
            msg: msg.into(),
            retry_after: None,
        }
    }

    /// A field that is missing or wrong.
    pub(crate) fn bad(msg: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, 400, msg)
    }

    /// No token, or not a valid one.
    pub(crate) fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, 401, "未登录或登录已过期，请重新登录")
    }

    /// More calls than allowed.
    pub(crate) fn too_many(seconds: impl ToString) -> Self {
        let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, 429, "操作过于频繁，请稍后再试");
        Self {
            retry_after: Some(seconds.to_string()),
            ..refusal
        }
    }

    /// A body larger than the limit.
    pub(crate) fn too_large(msg: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, 413, msg)
    }
}

/// A refusal in the words that a call has for some of its cases; status and code stay those of the case.
pub(crate) fn worded(error: Error, words: &[(ErrorKind, &str)]) -> Refusal {
    let own = words.iter().find(|(kind, _)| *kind == error.kind);
    let refusal = Refusal::from(error);
    match own {
        Some((_, msg)) => Refusal {
            msg: (*msg).to_owned(),
            ..refusal
        },
        None => refusal,
    }
}

impl From<ErrorKind> for Refusal {
    fn from(kind: ErrorKind) -> Self {
        Error::from(kind).into()
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let (status, code, msg) = meaning(error.kind);
        match error.kind {
            ErrorKind::Invalid | ErrorKind::TooLarge if !error.detail.is_empty() => {
                Self::new(status, code, format!("{msg}：{}", error.detail))
            }
            ErrorKind::Throttled => Self::too_many(error.detail),
            ErrorKind::Overloaded => Self {
                retry_after: Some("1".into()),
                ..Self::new(status, code, msg)
            },
            ErrorKind::Internal | ErrorKind::Unavailable => {
                tracing::error!(%error, "a call failed");
                Self::new(status, code, msg)
            }
            _ => Self::new(status, code, msg),
        }
    }
}

/// HTTP status, `code` and text of every case (ruoyi.md decisions 2 and 12, B6, seed section 7).
fn meaning(kind: ErrorKind) -> (StatusCode, u16, &'static str) {
    use ErrorKind as Kind;
    const BAD: StatusCode = StatusCode::BAD_REQUEST;
    match kind {
        Kind::ConversationMissing => (BAD, 10001, "会话不存在"),
        Kind::NotMember | Kind::MemberMissing => (BAD, 10002, "会话不存在或无权限访问"),
        Kind::MessageMissing => (BAD, 10003, "消息不存在"),
        Kind::MessageForbidden => (BAD, 10004, "无权操作该消息"),
        Kind::MessageTypeForbidden => (BAD, 10004, "只能编辑文本消息"),
        Kind::MessageRecalled => (BAD, 10004, "消息已撤回"),
        Kind::RecallTooLate => (BAD, 10005, "消息发送超过2分钟，无法撤回"),
        Kind::EditTooLate => (BAD, 10006, "消息发送超过15分钟，无法编辑"),
        Kind::SenderMissing => (BAD, 10007, "发送者不存在"),
        Kind::ReceiverMissing => (BAD, 10008, "接收者不存在"),
        Kind::TargetMissing => (BAD, 10009, "会话ID和接收者ID不能同时为空"),
        Kind::ContentEmpty => (BAD, 10010, "消息内容不能为空"),
        Kind::TooLarge => (BAD, 413, "内容过长"),
        Kind::Muted => (BAD, 403, "您已被禁言或群组已开启全员禁言"),
        Kind::Blocked => (BAD, 403, "您与对方存在拉黑关系，无法发送消息"),
        Kind::NotContacts => (BAD, 403, "你们还不是好友，无法发送消息"),
        Kind::GroupMissing => (BAD, 404, "群组不存在"),
        Kind::RoleTooLow => (BAD, 403, "没有权限执行此操作"),
        Kind::OwnerProtected => (BAD, 403, "不能对群主执行此操作，请先转让群组"),
        Kind::GroupFull => (BAD, 400, "群成员已达上限"),
        Kind::UserMissing => (BAD, 404, "用户不存在"),
        Kind::UserDisabled => (BAD, 403, "账号已被停用，请联系管理员"),
        Kind::Taken => (BAD, 400, "名称已被占用"),
        Kind::PasswordWrong => (BAD, 400, "密码错误"),
        Kind::ContactMissing => (BAD, 404, "好友不存在"),
        Kind::ContactExists => (BAD, 400, "对方已经是您的好友"),
        Kind::RequestMissing => (BAD, 404, "好友申请不存在"),
        Kind::RequestExists => (BAD, 400, "已发送过好友申请，请等待对方处理"),
        Kind::ItemMissing => (BAD, 404, "记录不存在"),
        Kind::ItemExists => (BAD, 400, "记录已存在"),
        Kind::FileMissing => (BAD, 404, "文件不存在"),
        Kind::IdempotencyConflict => (StatusCode::CONFLICT, 409, "同一个clientMsgId已用于另一条消息"),
        Kind::Unauthenticated => (StatusCode::UNAUTHORIZED, 401, "未登录或登录已过期，请重新登录"),
        Kind::Forbidden => (StatusCode::FORBIDDEN, 403, "没有权限执行此操作"),
        Kind::Invalid => (BAD, 400, "参数校验失败"),
        Kind::Throttled => (StatusCode::TOO_MANY_REQUESTS, 429, "操作过于频繁，请稍后再试"),
        Kind::Overloaded => (StatusCode::TOO_MANY_REQUESTS, 429, "系统繁忙，请稍后再试"),
        Kind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, 503, "存储暂不可用，请稍后再试"),
        Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, 500, "系统内部错误"),
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({ "code": self.code, "msg": self.msg, "data": null });
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self
            .retry_after
            .and_then(|seconds| HeaderValue::from_str(&seconds).ok())
        {
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}
